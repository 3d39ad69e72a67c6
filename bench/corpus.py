"""Generated assets for measuring search: Chinese and English words as frequent as in real titles and abstracts."""

import json
import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy
import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from marketplace.core.db import session
from tests.makers.listings import make_listing

COMMON_ZH = (
    "方法 装置 系统 材料 制备 结构 设备 控制 处理 数据 检测 复合 机器 组件 信号 模块 连接 表面 基于 应用 工艺 技术"
)
TOPICS_ZH = """
锂离 电池 隔膜 负极 正极 电解 稀土 合金 光纤 激光 图像 识别 通信 网络 半导 芯片 封装 传感 发动 催化 聚合 涂层 纳米 医用 药物 抗体
蛋白 分析 储能 太阳 风力 发电 车辆 制动 转向 显示 面板 像素 存储 阀门 泵体 轴承 齿轮 焊接 铸造 冲压 模具 夹具 输送 分拣 仓储 包装 印刷
染料 纤维 织物 皮革 家具 门窗 桥梁 隧道 混凝 沥青 钻井 采煤 选矿 冶炼 电机 变压 开关 插座 照明 天线 滤波 编码 加密 认证 支付 调度 导航
定位 雷达 声呐 相机 镜头 投影 打印 扫描 键盘 触控 耳机 扬声 麦克 心电 血压 呼吸 手术 假肢 牙科 疫苗 酶制 发酵 种子 育种 灌溉 施肥 农药
饲料 屠宰 烘焙 饮料 茶叶 香料 化妆 洗涤 消防 救援 安检 锁具 玩具 乐器 体育 钟表
"""
COMMON_EN = "method device system apparatus material structure process control unit data the of and for a with in"
TOPICS_EN = """
lithium battery separator anode cathode electrolyte rare earth alloy fiber laser image recognition communication
network semiconductor chip package sensor robot engine catalyst polymer coating nano composite medical drug antibody
protein detection analysis storage solar wind vehicle brake steering display panel pixel memory valve pump bearing gear
welding casting stamping mould fixture conveyor sorting warehouse packaging printing dye textile leather furniture
window bridge tunnel concrete asphalt drilling mining smelting motor transformer switch socket lighting antenna filter
coding encryption authentication payment scheduling navigation radar sonar camera lens projector scanner keyboard touch
speaker microphone blood breathing surgery prosthesis dental vaccine enzyme fermentation seed breeding irrigation
fertiliser feed baking beverage tea spice cosmetic washing rescue security lock toy instrument sport clock
"""
RARE_WORDS = 20_000
BATCH = 5_000
LISTED_ONE_IN = 12

COLUMNS = "id, office, kind, number, kind_code, application_date, expires_on, status, titles, abstracts, ipc, family_id"
DEFAULTS = {
    "application_number": "''", "status_source": "'generated'", "language": "''", "applicants": "'[]'",
    "inventors": "'[]'", "cpc": "'[]'", "nice_classes": "'[]'", "mark": "''", "facts": "'{}'", "attribution": "''",
    "demo": "true", "changed_at": "now()",
}  # fmt: skip


class Words:
    """A vocabulary in which the word of rank r occurs in proportion to 1/(r + 3), as in a natural language."""

    def __init__(self, common: str, topics: str, parts: list[str], joiner: str, seed: int) -> None:
        dice = random.Random(seed)
        known = common.split() + topics.split()
        made = {"".join(dice.choices(parts, k=2)) for _ in range(RARE_WORDS)} - set(known)
        self.words = known + sorted(made)
        self.joiner = joiner
        weights = 1 / (numpy.arange(len(self.words)) + 3)
        self._bounds = numpy.cumsum(weights / weights.sum())

    def texts(self, dice: numpy.random.Generator, count: int, length: int) -> list[str]:
        """So many texts of so many words."""
        drawn = numpy.minimum(numpy.searchsorted(self._bounds, dice.random((count, length))), len(self.words) - 1)
        return [self.joiner.join([self.words[at] for at in row]) for row in drawn.tolist()]


CHINESE = Words(COMMON_ZH, TOPICS_ZH, sorted(set("".join(TOPICS_ZH.split()))), "", 1)
ENGLISH = Words(COMMON_EN, TOPICS_EN, [word[:4] for word in TOPICS_EN.split()], " ", 2)


def generated(count: int) -> Iterator[tuple[Any, ...]]:
    """Rows of plainly generated assets with Chinese and English titles and abstracts of about 300 characters."""
    dice, pick = numpy.random.default_rng(20261122), random.Random(20261122)
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        titles = zip(CHINESE.texts(dice, size, 5), ENGLISH.texts(dice, size, 7), strict=True)
        abstracts = zip(CHINESE.texts(dice, size, 40), ENGLISH.texts(dice, size, 40), strict=True)
        for at, ((zh, en), (long_zh, long_en)) in enumerate(zip(titles, abstracts, strict=True)):
            filed = date(2006, 1, 1) + timedelta(pick.randrange(7_000))
            section = f"{pick.choice('ABCDEFGH')}{pick.randrange(1, 60):02}{pick.choice('BCFGHKLM')}"
            yield (
                str(UUID(int=pick.getrandbits(128), version=4)), pick.choice(("CN", "CN", "US", "EP", "JP")),
                pick.choice(("invention", "utility_model", "design")), f"{100_000_000 + first + at}", "B", filed,
                filed + timedelta(7_300), pick.choice(("in_force", "in_force", "pending", "lapsed")),
                json.dumps({"zh": f"一种{zh}", "en": en}), json.dumps({"zh": long_zh, "en": long_en}),
                json.dumps([f"{section}{pick.randrange(1, 80)}/{pick.randrange(100):02}"]), f"F{(first + at) // 3}",
            )  # fmt: skip


def pour(database_url: str, count: int) -> float:
    """COPY the assets into the register; returns the seconds."""
    started = time.perf_counter()
    address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        for name, value in DEFAULTS.items():
            connection.execute(f"ALTER TABLE assets ALTER {name} SET DEFAULT {value}".encode())
        with connection.cursor().copy(f"COPY assets ({COLUMNS}) FROM STDIN".encode()) as copy:
            for row in generated(count):
                copy.write_row(row)
    return time.perf_counter() - started


LISTED = """
INSERT INTO listings SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'asset_id', a.id,
  'price_minor', (1 + abs(hashtext(a.number)) % 3000)::bigint * 1000000))).*
FROM listings l, assets a WHERE l.id = :listing AND a.number LIKE '1%' AND hashtext(a.number) % :one_in = 0
"""


def list_some() -> None:
    """Offer one asset in twelve for sale, as copies of one listing made by the use cases."""
    listing = make_listing()
    session.flush()
    session.execute(text(LISTED), {"listing": listing.id, "one_in": LISTED_ONE_IN})
    session.commit()
