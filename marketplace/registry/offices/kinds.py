"""Which right a publication kind code stands for, office by office (WIPO ST.16)."""

_UTILITY_MODEL_Y = {"CN", "JP", "KR", "TW", "DE", "AT"}
_US_PLANT_GRANTS = {"P", "P2", "P3"}


def asset_kind_of(office: str, kind_code: str, number: str = "") -> str:
    """Invention, utility model, design or plant variety, from the office and its kind code."""
    code = kind_code.upper()
    digits = number.upper().lstrip()
    if office == "US":
        if code.startswith("S") or digits.startswith("D"):
            return "design"
        if code.startswith("P") or digits.startswith("PP"):
            return "plant_variety"
        return "invention"
    if code.startswith("U"):
        return "utility_model"
    if code.startswith("Y") and office in _UTILITY_MODEL_Y:
        return "utility_model"
    if code.startswith("S") or (office == "CN" and code.startswith("D")):
        return "design"
    return "invention"


def is_grant(office: str, kind_code: str, asset_kind: str) -> bool:
    """Whether a publication of this kind code tells that the right was granted."""
    code = kind_code.upper()
    if not code:
        return False
    if office == "US" and asset_kind == "plant_variety":
        return code in _US_PLANT_GRANTS
    if asset_kind in ("design", "plant_variety"):
        return not code.startswith("A")
    if office == "US" and code == "A":
        return True
    if asset_kind == "utility_model":
        return code.startswith(("Y", "B", "C") if office == "KR" else ("U", "Y", "B", "C"))
    if office == "DE" and code.startswith("C"):
        return True
    return code.startswith(("B", "C", "E")) and office != "WO"


def published_status(office: str, kind_code: str, asset_kind: str) -> str:
    """What a publication of this kind tells of the right on its day; a kind that tells nothing leaves it unknown."""
    if is_grant(office, kind_code, asset_kind):
        return "in_force"
    code = kind_code.upper()
    told = code.startswith("A") or office == "WO" or (asset_kind != "invention" and code[:1] in ("P", "U"))
    return "pending" if told and code else "unknown"
