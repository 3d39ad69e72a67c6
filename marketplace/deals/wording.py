"""What deals say: to people in notices, in contracts, and on pages."""

from marketplace.core.i18n import _l
from marketplace.notices.wording import say

ASSET_KINDS = {
    "invention": {"zh": "发明专利", "en": "Invention patent"},
    "utility_model": {"zh": "实用新型专利", "en": "Utility model"},
    "design": {"zh": "外观设计专利", "en": "Design patent"},
    "trademark": {"zh": "注册商标", "en": "Registered trademark"},
    "copyright": {"zh": "作品著作权", "en": "Copyright"},
    "software": {"zh": "计算机软件著作权", "en": "Software copyright"},
    "layout_design": {"zh": "集成电路布图设计", "en": "Layout design"},
    "plant_variety": {"zh": "植物新品种", "en": "Plant variety"},
}
EXCLUSIVITIES = {
    "exclusive": {"zh": "独占许可", "en": "Exclusive"},
    "sole": {"zh": "排他许可", "en": "Sole"},
    "non_exclusive": {"zh": "普通许可", "en": "Non-exclusive"},
}
ROYALTY_BASES = {
    "net_sales": {"zh": "合同产品净销售额", "en": "net sales of the licensed products"},
    "profit": {"zh": "合同产品利润", "en": "profit from the licensed products"},
}
NONE_TEXT = {"zh": "无", "en": "none"}
WHOLE_TERRITORY = {"zh": "权利有效的全部地域", "en": "everywhere the right exists"}

OFFER_RECEIVED = "offer_received"
NEGOTIATION_OVER = "negotiation_over"
MESSAGE_RECEIVED = "negotiation_message"
DEAL_OPENED = "deal_opened"
DEAL_PAYMENT_DUE = "deal_payment_due"
DEAL_FUNDS_HELD = "deal_funds_held"
DEAL_STEP_WAITS = "deal_step_waits"
DEAL_RELEASED = "deal_released"
DEAL_ENDED = "deal_ended"
DEAL_OVERDUE = "deal_overdue"
PRIORITY_SALE = "priority_sale"
CROSS_LICENCE_PROPOSED = "cross_licence_proposed"
CROSS_LICENCE_MOVED = "cross_licence_moved"

say(
    OFFER_RECEIVED,
    subject=_l("Offer: %(title)s"),
    text=_l("The other side offers %(price)s. The offer stands until %(until)s."),
)
say(
    CROSS_LICENCE_PROPOSED,
    subject=_l("Cross-licence proposed: %(title)s"),
    text=_l("Another holder offers a licence under “%(own)s” for one under your right. Please answer."),
)
say(
    CROSS_LICENCE_MOVED,
    subject=_l("Cross-licence: %(title)s"),
    text=_l("Something changed in this cross-licence. See where it stands."),
)
say(
    NEGOTIATION_OVER,
    subject=_l("Negotiation ended: %(title)s"),
    text=_l("The talks ended without a deal."),
)
say(
    MESSAGE_RECEIVED,
    subject=_l("Message: %(title)s"),
    text=_l("The other side wrote to you in the negotiation."),
)
say(
    DEAL_OPENED,
    subject=_l("Contract to sign: %(title)s"),
    text=_l("The price of %(price)s is agreed. Read and sign the contract."),
)
say(
    DEAL_PAYMENT_DUE,
    subject=_l("Payment due: %(title)s"),
    text=_l("The contract is signed by both sides. Pay the price; it is held until the right has moved."),
)
say(
    DEAL_FUNDS_HELD,
    subject=_l("The price is held: %(title)s"),
    text=_l("The whole price is held. Complete the closing steps and file the recordal."),
)
say(
    DEAL_STEP_WAITS,
    subject=_l("Your step in a closing: %(title)s"),
    text=_l("A step of the closing waits for you."),
)
say(
    DEAL_RELEASED,
    subject=_l("Closed: %(title)s"),
    text=_l("The office recorded the change and the held money was released."),
)
say(
    DEAL_ENDED,
    subject=_l("Deal ended: %(title)s"),
    text=_l("The deal ended: %(reason)s. Whatever was paid goes back in full."),
)
say(
    DEAL_OVERDUE,
    subject=_l("Deal overdue: %(title)s"),
    text=_l("A deal has stayed in one step too long. Decide how it goes on."),
)
say(
    PRIORITY_SALE,
    subject=_l("A right you have priority in will be sold: %(title)s"),
    text=_l("At an equal price you come first. The notice with times and prices will stand on the notice board."),
)
