"""The words of the trade in plain language, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term with two plain sentences in each language."""

    anchor: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str


GLOSSARY = (
    Term("asset", "知识产权资产", "Asset", "一项专利、商标、著作权等权利。平台以官方登记簿的记录为准。", "One patent, trademark, copyright or similar right. What the office's register says about it counts here."),
    Term("title", "权属", "Title", "谁是权利人，各占多少份额。份额之和在任何时刻都等于百分之百。", "Who owns the right and in which shares. The shares add up to one hundred percent at every moment."),
    Term("encumbrance", "权利负担", "Encumbrance", "质押、保全、许可等限制权利人自由处分的记录。购买前请逐项查看。", "A pledge, preservation order or licence that limits what the owner may do. Read each one before you buy."),
    Term("register-event", "登记事项", "Register event", "官方登记簿上的一次变动，例如授权、转移、质押登记。每条都有日期和来源。", "One change in the office's register, such as a grant, a transfer or a pledge. Each has a date and a source."),
    Term("as-of", "历史时点", "As of", "查看过去某一天平台当时所知的情况。后来得知的更正不会改写当时的答案。", "What was known on a past day. A later correction never rewrites the earlier answer."),
    Term("annuity", "年费", "Annuity", "维持专利有效每年须缴的费用。逾期六个月内可补缴，但要付滞纳金。", "The yearly fee that keeps a patent alive. It can be paid up to six months late with a surcharge."),
    Term("transfer", "转让", "Transfer", "把权利本身卖给他人。中国专利的转让自登记之日起生效。", "Selling the right itself. A Chinese patent passes on the day the transfer is registered."),
    Term("licence", "许可", "Licence", "允许他人在约定的地域、领域和期限内使用权利。权利人仍然是所有者。", "Permission to use the right in an agreed territory, field and time. The owner stays the owner."),
    Term("exclusive", "独占许可", "Exclusive licence", "只有被许可人可以使用，权利人自己也不能使用。", "Only the licensee may use the right. Even the owner may not."),
    Term("sole", "排他许可", "Sole licence", "被许可人和权利人可以使用，不再许可他人。", "The licensee and the owner may use the right. Nobody else is licensed."),
    Term("non-exclusive", "普通许可", "Non-exclusive licence", "权利人可以同时许可多人使用。未约定许可方式的，视为普通许可。", "The owner may license many. A licence that does not say its kind is non-exclusive."),
    Term("cross-licence", "交叉许可", "Cross-licence", "双方用各自权利的许可交换对方的许可。两项许可同时生效，缺一不可。", "Two owners license each other. Both licences begin together, or neither does."),
    Term("open-licence", "开放许可", "Open licence", "权利人公开声明价格，任何人付费即可使用专利。声明期间不得给予独占或排他许可。", "The owner publishes a price and anyone who pays may use the patent. No exclusive or sole licence is possible meanwhile."),
    Term("recordal", "备案与登记", "Recordal", "把转让、许可或质押记入官方登记簿。本平台见到登记证明才放款。", "Entering a transfer, licence or pledge in the office's register. Money is released here only against its proof."),
    Term("offer", "报价", "Offer", "一方提出的价格和条件。一次谈判中只有最新的一份报价有效。", "A price and terms from one side. In a negotiation only the newest offer is alive."),
    Term("bid", "出价", "Bid", "在竞价中的承诺价格，在被更高出价超过之前不能撤回。时间以服务器为准。", "A binding price in an auction that cannot be taken back until it is outbid. The server's clock decides."),
    Term("reserve", "保留价", "Reserve price", "卖方愿意成交的最低价，可以保密。最高出价低于保留价则不成交。", "The lowest price at which the seller will sell; it may be secret. A highest bid below it does not sell."),
    Term("soft-close", "延时结束", "Soft close", "结束前五分钟内有人出价，结束时间自动延后五分钟。这样没有人能靠最后一秒抢走。", "A bid in the last five minutes moves the close to five minutes after it. Nobody wins by the last second."),
    Term("portfolio-lot", "组合标的", "Portfolio lot", "几项资产合在一个标的里，可以买整体，也可以只买几个部分。互不重叠、合计最高的出价成交。", "Several assets in one lot, to be bought whole or in parts. The bids that share no part and bring the most together win."),
    Term("deposit", "竞买保证金", "Bid deposit", "参加竞价前缴纳的保证金。未成交者在一天内退回，成交后违约者不退。", "Money held before one may bid. Losers get it back within a day; a winner who does not pay loses it."),
    Term("held-funds", "监管资金", "Held funds", "买方已付、尚未放给卖方的钱，单独记账，平台不得动用。", "Money the buyer has paid and the seller has not yet received. It is kept in its own account and the platform may not use it."),
    Term("closing", "交割", "Closing", "签约之后到放款之前的各项步骤。每一步写明谁来做、何时之前。", "The steps between signature and release of the money. Each says who must act and by when."),
    Term("indication", "价值参考", "Indication", "模型给出的价值区间及理由，不是资产评估报告。区间越宽，说明越不确定。", "A model's interval for the value, with reasons; it is not an appraisal report. A wide interval means much is uncertain."),
    Term("p10-p50-p90", "P10、P50、P90", "P10, P50, P90", "真实价格低于 P10 的机会约一成，低于 P50 约一半，低于 P90 约九成。", "The true price is below P10 about one time in ten, below P50 half the time, below P90 nine times in ten."),
    Term("relief-from-royalty", "许可费节省法", "Relief from royalty", "假设要为这项权利付许可费，把省下的费用折成现值。", "What the owner saves by not having to license the right, brought to today's value."),
    Term("pledge", "质押", "Pledge", "以权利作担保借款。质权自登记之日起设立，签字当天还没有设立。", "Using a right as security for a loan. It exists from its registration, not from the signature."),
    Term("pledgee-consent", "质权人同意", "Pledgee's consent", "已质押的权利，未经质权人同意不得转让或许可。见《民法典》第四百四十四条。", "A pledged right may not be transferred or licensed without the pledgee's agreement. See Civil Code article 444."),
    Term("ltv", "质押率", "Loan to value", "贷款金额与押品价值之比。本平台以价值区间的下限来算。", "The loan divided by the value of the collateral. Here it is computed from the lower end of the interval."),
    Term("term-sheet", "授信条件书", "Term sheet", "银行提出的金额、利率、期限、还款方式和费用。只有申请人和该银行能看到。", "A bank's amount, rate, term, repayment and fees. Only the applicant and that bank can see it."),
    Term("credit-flag", "失信记录", "Credit flag", "主管部门认定的失信行为，例如非正常申请或者提供虚假材料。一般有效一年，可以修复。", "A dishonest act that an authority has found, such as abnormal filings or false documents. It counts for a year as a rule and can be repaired."),
    Term("receivable-pledge", "应收账款质押", "Pledge of receivables", "以许可使用费等应收账款作担保。在征信中心登记时设立，未经质权人同意不得转让或减免。", "Using claims such as royalties as security. It exists from its registration with the Credit Reference Center; they may then not be assigned or waived without the pledgee."),
    Term("club-loan", "银团贷款", "Loan of several banks", "几家银行按各自份额共同发放的一笔贷款。牵头行作代理行，统一放款、收款和持有质权；您只与它往来。", "One loan that several banks lend, each with its part. The lead bank is the agent: it pays out, collects and holds the pledge; you deal with it alone."),
    Term("covenant", "承诺事项", "Covenant", "借款人在还款之外的承诺，例如资产负债率不超过限值。按期考核；未达到不当然构成违约。", "What a borrower promises besides paying, such as debt within a part of its assets. It is tested on fixed days; breaking it is not of itself a default."),
    Term("effective-cost", "实际年化成本", "Effective annual cost", "把利息和所有费用都算进去的年化成本。比较各家银行时先看这一项。", "The yearly cost with interest and every fee counted. Look at it first when comparing banks."),
    Term("five-tier", "五级分类", "Five-tier classification", "正常、关注、次级、可疑、损失五级。逾期超过九十天至少为次级。", "Pass, special mention, substandard, doubtful, loss. More than ninety days late is at least substandard."),
    Term("risk-pool", "风险补偿资金池", "Risk-compensation pool", "按公开的方案分担银行质押贷款的本金损失。追回的钱按比例分回。", "Shares a bank's loss of principal on a pledged loan by a published scheme. What is recovered later is shared back."),
    Term("enrolment", "入池", "Enrolment", "把一笔贷款纳入资金池的保障。逾期之后不能再入池。", "Bringing a loan under the pool's cover. It cannot be done once the loan is overdue."),
    Term("compensation", "补偿", "Compensation", "贷款违约后资金池按方案付给银行的钱。", "What the pool pays the bank by its scheme after a default."),
    Term("premium", "保费、担保费", "Premium", "保险人或担保人为承担其份额收取的费用，按方案计算，入池时到期。", "What an insurer or guarantor charges for bearing its part, by the scheme; due when the loan is enrolled."),
    Term("interest-aid", "贴息与费用补助", "Interest and fee aid", "按方案补助借款人的部分利息或费用，从资金池单独的补助账户支出。", "A part of the borrower's interest or fees, by the scheme, from an aid account of the pool's own."),
    Term("recovery", "追偿", "Recovery", "补偿之后从借款人或押品追回的钱，扣除费用后按承担比例分回各方。", "Money recovered from the borrower or the collateral after compensation; net of costs it goes back to those who bore the loss."),
    Term("four-eyes", "双人复核", "Four eyes", "超过限额的款项须由另一个人批准。经办人不能批准自己的申请。", "Above a limit a second person must agree. Nobody approves their own request."),
    Term("receipt", "存证回执", "Receipt", "证明某次出价、签署或登记内容未被改动的文件。无需联系平台即可离线验证。", "A file that proves a bid, signature or registration was not altered. It can be checked offline without asking us."),
)  # fmt: skip
"""In the order a reader meets them: the right, trading, valuation, borrowing, the pool, evidence."""
