"""Messages: contact details pointed out however they are spelt, and the questions and answers as files."""

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.core.errors import NotFound
from marketplace.deals import talks_record
from marketplace.deals.contact_details import names_contact_details
from marketplace.deals.messages import messages_of, send_message
from marketplace.deals.offers import accept_offer
from tests.makers.deals import Parties

NAMED = [
    "Call 13812345678", "电话：138 1234 5678", "138-1234-5678 find me", "１３８１２３４５６７８", "一三八一二三四五六七八",
    "幺三八 一二三四 五六七八", "壹叁捌壹贰叁肆伍陆柒捌", "+86 138 1234 5678", "tel +44 20 7946 0958", "020-83881234",
    "于2026-11-23打13812345678", "1.3.8.1.2.3.4.5.6.7.8", "1\u200b3812345678", "li.wei@example.com", "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "li.wei (at) example (dot) com", "li at example dot com", "liwei艾特example点com", "加微信聊", "我的 WeChat: abc", "vx：abc123",
    "加v abc123", "ＱＱ 123456789", "扣扣 123456", "WhatsApp me", "薇信同号",
]  # fmt: skip
UNNAMED = [
    "价格可以商量", "The price is 13,800,000 yuan", "专利号 ZL202310123456.7", "申请号 2013 1 3512 3456.7", "CN113456789A",
    "统一社会信用代码 91440101MA5XXXXXX1", "2026-11-23 09:30", "IPC H01M 10/0525", "We met at Beijing. Come again.",
    "一种锂离子电池及其制备方法，共十二项权利要求", "1,380,000.00 元", "三年内支付两笔",
]  # fmt: skip


@pytest.mark.parametrize("text", NAMED)
def test_contact_details_are_found_however_they_are_spelt(text: str) -> None:
    assert names_contact_details(text)


@pytest.mark.parametrize("text", UNNAMED)
def test_numbers_of_patents_money_and_days_are_no_contact_details(text: str) -> None:
    assert not names_contact_details(text)


def test_once_a_deal_is_agreed_contact_details_are_nobodys_business(db: Any) -> None:
    p = Parties()
    talks = p.offer()
    send_message(p.buyer, talks.id, "Call 13812345678", [], p.now)
    accept_offer(p.seller, talks.id, 1, p.now)
    send_message(p.seller, talks.id, "Call 13812345678", [], p.now)
    assert [message.names_contact for message in messages_of(talks)] == [True, False]


FORMULA = '=HYPERLINK("http://x.example","click")'


def test_the_questions_and_answers_are_files_nothing_in_which_is_run(db: Any) -> None:
    p = Parties()
    talks = p.offer()
    file_id = p.document(p.buyer)
    send_message(p.buyer, talks.id, FORMULA, [file_id], p.now)
    send_message(p.seller, talks.id, 'Annuities are paid,\n"until 2027" #sys.inputs', [], p.now)
    rows = list(csv.reader(io.StringIO(talks_record.talks_csv(p.seller, talks.id, p.now).removeprefix("\ufeff"))))
    assert [row[2:] for row in rows[2:]] == [
        ["'" + FORMULA, "document.pdf"], ['Annuities are paid,\n"until 2027" #sys.inputs', ""],
    ]  # fmt: skip
    assert talks_record.talks_pdf(p.buyer, talks.id, p.now).startswith(b"%PDF")
    with pytest.raises(NotFound):
        talks_record.talks_csv(p.stranger, talks.id, p.now)


def test_both_files_are_for_the_two_sides_alone(client: FlaskClient, sign_in: Any, db: Any) -> None:
    p = Parties()
    talks = p.offer()
    send_message(p.buyer, talks.id, "费用交到哪一年？", [], p.now)
    db.commit()
    for form, kind in (("csv", "text/csv"), ("pdf", "application/pdf")):
        path = f"/negotiations/{talks.id}/messages.{form}"
        sign_in(client, None)
        assert client.get(path).status_code == 302
        sign_in(client, p.stranger)
        assert client.get(path).status_code == 404
        sign_in(client, p.seller)
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (200, kind)
    assert "messages.csv" in client.get(f"/negotiations/{talks.id}").text
