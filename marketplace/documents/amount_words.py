"""Amounts written out in words, as contracts need them: Chinese capitals (大写) and English."""

from decimal import Decimal

from marketplace.core.money import EXPONENTS, Money

CURRENCY_ZH = {
    "CNY": "人民币",
    "HKD": "港元",
    "SGD": "新加坡元",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "MYR": "马来西亚令吉",
    "JPY": "日元",
    "KRW": "韩元",
}
CURRENCY_EN = {
    "CNY": "Renminbi yuan",
    "HKD": "Hong Kong dollars",
    "SGD": "Singapore dollars",
    "USD": "United States dollars",
    "EUR": "euros",
    "GBP": "pounds sterling",
    "MYR": "Malaysian ringgit",
    "JPY": "Japanese yen",
    "KRW": "Korean won",
}
LARGEST_IN_WORDS = 10**12
"""Whole units from which the Chinese reading is ambiguous (万亿 or 兆): contracts above it are refused."""

_DIGITS = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000}
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


class AmountNotReadable(ValueError):
    """The words for an amount did not read back as the same amount, or the amount is out of range."""


def in_chinese(money: Money) -> str:
    """The amount in Chinese capitals with its currency: 人民币壹佰贰拾万元整."""
    if money.amount_minor < 0 or money.amount >= LARGEST_IN_WORDS:
        raise AmountNotReadable(str(money))
    import cn2an  # loads only where an amount is written in words

    words = str(cn2an.an2cn(f"{money.amount:f}", "rmb"))
    if read_chinese(words) != money.amount:
        raise AmountNotReadable(f"{money} ≠ {words}")
    return CURRENCY_ZH[money.currency] + words


def read_chinese(words: str) -> Decimal:
    """The amount that Chinese capitals stand for (without the currency), our check on the library's words."""
    whole, mark, rest = words.partition("元")
    if not mark:
        whole, rest = "", words
    rest = rest.removesuffix("整")
    cents = 0
    digit = 0
    for character in rest:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in "角分":
            cents += digit * (10 if character == "角" else 1)
            digit = 0
        else:
            raise AmountNotReadable(words)
    return Decimal(_read_whole(whole)) + Decimal(cents) / 100


def _read_whole(words: str) -> int:
    total = section = digit = 0
    for character in words:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _UNITS:
            section += digit * _UNITS[character]
            digit = 0
        elif character in "万亿":
            total += (section + digit) * (10**4 if character == "万" else 10**8)
            section = digit = 0
        else:
            raise AmountNotReadable(words)
    return total + section + digit


def in_english(money: Money) -> str:
    """The amount in English words with its currency: Renminbi yuan one million two hundred thousand only."""
    if money.amount_minor < 0 or money.amount >= LARGEST_IN_WORDS:
        raise AmountNotReadable(str(money))
    whole, part = divmod(money.amount_minor, 10 ** EXPONENTS[money.currency])
    ending = f" and {part:02d}/100" if part else " only"
    return f"{CURRENCY_EN[money.currency]} {_english(whole)}{ending}"


def _english(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {_english(rest)}" if rest else "")
    for scale, name in _SCALES:
        if number >= scale:
            many, rest = divmod(number, scale)
            joint = " and " if 0 < rest < 100 else " "
            return f"{_english(many)} {name}" + (f"{joint}{_english(rest)}" if rest else "")
    raise AmountNotReadable(str(number))
