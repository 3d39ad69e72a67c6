"""Ways to be reached outside the platform, found in a message however they are spelt; pure."""

import re
import unicodedata

_CHINESE_DIGITS = str.maketrans(
    {sign: str(digit) for digit, signs in enumerate(
        ("零〇", "一壹幺", "二两贰貳兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    ) for sign in signs}
)  # fmt: skip
_BETWEEN = r"[\s\-._·,，、/()*]"
_RUN = re.compile(rf"\+?\d(?:{_BETWEEN}{{0,3}}\d)+")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?1[3-9]\d{9}")
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}")
_ABROAD = re.compile(r"\+\d{8,15}")
_WITHIN = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_MAIL = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\]|艾特)\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\]|点)\s?[a-z]{2,})+"
    r"|[\w.+-]+\sat\s[\w-]+(?:\.|\s?\(dot\)\s?|\sdot\s)[a-z]{2,}"
)
_MESSENGER = re.compile(
    r"微\s?信|薇\s?信|威\s?信(?=号|[:：]|\s?\w{6})|(?<![a-z])v\s?信|we\s?chat|weixin|(?<![a-z])(?:vx|wx)\s?(?:号|[:：])|加\s?[vw]x?(?![a-z])"
    r"|(?<![a-z])qq(?![a-z])|扣\s?扣|企鹅号|whats\s?app|telegram|(?<![a-z])skype|飞信|钉钉号|飞书号"
)


def names_contact_details(text: str) -> bool:
    """Whether a text names a telephone, an e-mail address or a messenger account, in figures of any width or script."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    if _MAIL.search(plain) or _MESSENGER.search(plain):
        return True
    figures = plain.translate(_CHINESE_DIGITS)
    return any(_is_number(run) for run in _RUN.findall(figures)) or bool(_WITHIN.search(figures))


def _is_number(run: str) -> bool:
    """Whether a whole run of figures, whatever stands between them, is a telephone number and nothing longer."""
    figures = re.sub(_BETWEEN, "", run)
    return any(kind.fullmatch(figures) for kind in (_MOBILE, _LANDLINE, _ABROAD))
