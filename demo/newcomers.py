"""Step: somebody new signs up by letter, registers an organisation, is returned once, corrected and approved."""

import csv
import io
import re
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

from pypdf import PdfWriter
from stdnum.cn import uscc

from demo.report import Figure, chapter, show, until
from demo.stage import Stage
from demo.visitors import Visitor, cny

EMAIL, PERSON, PASSWORD = "founder@newcomer.example", "Lin Xiao (DEMO)", "a paper kite over the quiet harbour"
NAME_ZH, NAME_EN = "纸鸢新创科技有限公司（演示）", "Demo Paper Kite Ventures Ltd (fictional)"
FORMER_NAME = "纸鸢旧坊（演示）"
REASON = "The English name is missing on the licence; please give it as registered (DEMO)."


def fictional_credit_code() -> str:
    """A number that passes the check of GB 32100 and belongs to nobody: its middle says that it is a demo."""
    front = "91440101MADEM0001"
    return front + str(uscc.calc_check_digit(front))


def licence_document() -> bytes:
    """An empty page whose title says that it stands for a business licence of the demo."""
    paper, out = PdfWriter(), io.BytesIO()
    paper.add_blank_page(595, 842)
    paper.add_metadata({"/Title": "DEMO business licence, fictional"})
    paper.write(out)
    return out.getvalue()


def full_width(text: str) -> str:
    """The same as a Chinese keyboard types it."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def become_member(stage: Stage, operator: Visitor, lot_id: str) -> Visitor:
    """The whole way of a newcomer, from an address to an approved organisation with rights of its own."""
    chapter("A newcomer")
    newcomer = sign_up(stage)
    register(newcomer)
    refuse_before_approval(newcomer, lot_id)
    pass_verification(newcomer, operator)
    import_rights(newcomer)
    return newcomer


def sign_up(stage: Stage) -> Visitor:
    """The address first, then the link of the letter, then name and password."""
    visitor = Visitor(stage, "newcomer")
    visitor.submit("/sign-up", "/sign-up", {"email": EMAIL})
    link = until(lambda: _link_of_letter(stage), bool, "the letter with the link")
    visitor.submit(link, link, {"name": PERSON, "password": PASSWORD})
    visitor.keep_token()
    show("signed up by the link of a letter", name=Figure(PERSON, lambda: _own_name(visitor)))
    return visitor


def _link_of_letter(stage: Stage) -> str | None:
    for path in sorted((stage.home / "mail").glob("*.eml")):
        letter = message_from_bytes(path.read_bytes(), policy=default)
        found = re.search(re.escape(stage.url) + r"(/sign-up/\S+)", letter.get_content())
        if letter["To"] == EMAIL and found:
            return found.group(1)
    return None


def _own_name(visitor: Visitor) -> str:
    found = re.search(r'name="name"[^>]*value="([^"]*)"', visitor.open("/account"))
    return found.group(1) if found else ""


def _facts(name_en: str) -> dict[str, str]:
    return {
        "kind": "company", "identifier_kind": "credit_code", "credit_code": full_width(fictional_credit_code()),
        "name_zh": NAME_ZH, "name_en": name_en, "country": "CN", "region": "CN-440100", "controller_code": "",
    }  # fmt: skip


def register(newcomer: Visitor) -> None:
    """The organisation as a draft, its number typed in full-width characters."""
    newcomer.submit("/organisations/new", "/organisations/new", _facts(""))
    newcomer.keep_token()
    show(
        "registered an organisation, its number checked and folded",
        number=newcomer.figure(fictional_credit_code(), "/organisation", "credit_code"),
        status=newcomer.figure("draft", "/organisation", "status"),
    )


def refuse_before_approval(newcomer: Visitor, lot_id: str) -> None:
    """The unapproved may look, but neither list, bid nor claim."""
    asset_id = newcomer.get(f"/auctions/{lot_id}")["asset_id"]
    offer = {"asset_id": asset_id, "mode": "fixed_price", "price": cny(1)}

    def code(path: str, body: Any) -> Figure:
        return Figure("kyc_required", lambda: newcomer.refused(path, body, 403)["code"])

    show(
        "refused before approval: to list, to bid, to claim",
        listing=code("/listings", offer),
        bid=code(f"/auctions/{lot_id}/bids", {"amount": cny(1)}),
        claim=code(f"/assets/{asset_id}/claims", {"reason": "DEMO"}),
    )


def pass_verification(newcomer: Visitor, operator: Visitor) -> None:
    """Licence, submission, one return with a reason, correction, approval."""
    upload = ("licence.pdf", licence_document())
    newcomer.submit("/organisation", "/organisation/documents", {"kind": "business_licence"}, upload)
    newcomer.submit("/organisation", "/organisation/submission", {})
    own = newcomer.get("/organisation")["id"]
    case = f"/verifications/{own}"
    operator.submit(case, f"{case}/return", {"reason": REASON})
    show(
        "licence uploaded; the operator returned the registration",
        status=newcomer.figure("returned", "/organisation", "status"),
        reason_told=Figure(True, lambda: REASON in str(newcomer.get("/notices")["items"])),
    )
    newcomer.submit("/organisation", "/organisation", _facts(NAME_EN))
    newcomer.submit("/organisation", "/organisation/submission", {})
    operator.submit(case, f"{case}/approval", {})
    newcomer.keep_token()
    show(
        "corrected, submitted again and approved",
        status=newcomer.figure("approved", "/organisation", "status"),
        may_act=newcomer.figure(True, "/me", "approved"),
    )


def import_rights(newcomer: Visitor) -> None:
    """Step three begins: an own file, tried first, with one broken row reported and the others brought in."""
    run = newcomer.send_file("/imports", own_file().encode(), "rights.csv", format="auto")["id"]
    path = f"/imports/{run}"
    checked = until(newcomer.reading(path), lambda seen: seen["status"] == "checked", "the check of the file")
    fault = checked["report"]["rejected"][0]
    show(
        "tried a file of own rights: nothing written, the fault named",
        rows=newcomer.figure(3, path, "rows_total"),
        good=newcomer.figure(2, path, "report", "created"),
        faulty_row=newcomer.figure(fault["row"], path, "report", "rejected", 0, "row"),
        faulty_field=newcomer.figure("kind", path, "report", "rejected", 0, "field"),
        owned=Figure(0, lambda: len(newcomer.get("/assets"))),
    )
    newcomer.post(f"{path}/confirmation")
    until(newcomer.reading(path), lambda seen: seen["status"] == "imported", "the import")
    show(
        "brought the good rows in; the one in the verified name is linked",
        created=newcomer.figure(2, path, "report", "created"),
        linked=newcomer.figure(1, path, "claimed"),
        owned=Figure(1, lambda: len(newcomer.get("/assets"))),
    )


def own_file() -> str:
    """Two fictional inventions, one under the newcomer's name and one under a former name, and a row with a fault."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([
        "office", "kind", "number", "kind_code", "application_number", "application_date", "publication_date",
        "grant_date", "status", "title_zh", "title_en", "owners", "ipc", "claims_count", "demo",
    ])  # fmt: skip
    for nr, (kind, owner) in enumerate((("invention", NAME_ZH), ("invention", FORMER_NAME), ("inventoin", NAME_ZH))):
        rows.writerow([
            "CN", kind, f"DEMO9{nr:05d}", "B", f"DEMOAPPL9{nr:05d}", "2021-03-05", "2023-06-06", "2023-06-06",
            "in_force", f"一种纸鸢式风力传感装置{nr}", f"A kite-borne wind sensing device {nr}", owner, "G01P5/00", 18,
            "yes",
        ])  # fmt: skip
    return out.getvalue()


def former_right(newcomer: Visitor) -> str:
    """The right that came in under the former name; its owner is not linked yet."""
    return str(newcomer.get("/assets/by-number/CNDEMO900001B")["id"])


def unique(text: str) -> str:
    """A reference of this run."""
    return f"DEMO-{text}-{uuid4().hex[:6].upper()}"
