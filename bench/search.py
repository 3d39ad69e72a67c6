"""Search over generated assets: our search call and HTTP against the bare engine's query on the same index."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen
from uuid import UUID

import psycopg

from bench.load import Call, send
from marketplace import create_app
from marketplace.core.embedded_postgres import Cluster
from marketplace.listings.matching import matching
from marketplace.listings.query import read_query
from marketplace.listings.reading import follower, searcher
from marketplace.listings.search import search_assets
from marketplace.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
WORDS_ZH = """
锂离 电池 隔膜 负极 正极 材料 电解 制备 方法 装置 系统 稀土 合金 光纤 激光 图像 识别 数据 处理 通信
网络 半导 芯片 封装 传感 机器 控制 发动 催化 聚合 涂层 纳米 复合 医用 药物 抗体 蛋白 检测 分析 储能
太阳 风力 发电 车辆 制动 转向 显示 面板 像素 存储 阀门 泵体 轴承 齿轮 焊接 铸造 冲压 模具 夹具 输送
分拣 仓储 包装 印刷 染料 纤维 织物 皮革 家具 门窗 桥梁 隧道 混凝 沥青 钻井 采煤 选矿 冶炼 电机 变压
开关 插座 照明 天线 滤波 编码 加密 认证 支付 调度 导航 定位 雷达 声呐 相机 镜头 投影 打印 扫描 键盘
触控 耳机 扬声 麦克 心电 血压 呼吸 手术 假肢 牙科 疫苗 酶制 发酵 种子 育种 灌溉 施肥 农药 饲料 屠宰
烘焙 饮料 茶叶 香料 化妆 洗涤 消防 救援 安检 锁具 玩具 乐器 体育 钟表
"""
PARTS_ZH = WORDS_ZH.split()
PARTS_EN = [
    "lithium",
    "battery",
    "separator",
    "anode",
    "cathode",
    "electrolyte",
    "preparation",
    "rare",
    "earth",
    "alloy",
    "fiber",
    "laser",
    "image",
    "recognition",
    "data",
    "communication",
    "network",
    "semiconductor",
    "chip",
    "package",
    "sensor",
    "robot",
    "control",
    "engine",
    "catalyst",
    "polymer",
    "coating",
    "nano",
    "composite",
    "medical",
    "drug",
    "antibody",
    "protein",
    "detection",
    "analysis",
    "storage",
    "solar",
    "wind",
    "vehicle",
    "brake",
    "steering",
    "display",
    "panel",
    "pixel",
    "memory",
    "valve",
    "pump",
    "bearing",
    "gear",
    "welding",
    "casting",
    "stamping",
    "mould",
    "fixture",
    "conveyor",
    "sorting",
    "warehouse",
    "packaging",
    "printing",
    "dye",
    "textile",
    "leather",
    "furniture",
    "window",
    "bridge",
    "tunnel",
    "concrete",
    "asphalt",
    "drilling",
    "mining",
    "smelting",
    "motor",
    "transformer",
    "switch",
    "socket",
    "lighting",
    "antenna",
    "filter",
    "coding",
    "encryption",
    "authentication",
    "payment",
    "scheduling",
    "navigation",
    "radar",
    "sonar",
    "camera",
    "lens",
    "projector",
    "scanner",
    "keyboard",
    "touch",
    "speaker",
    "microphone",
    "blood",
    "breathing",
    "surgery",
    "prosthesis",
    "dental",
    "vaccine",
    "enzyme",
    "fermentation",
    "seed",
    "breeding",
    "irrigation",
    "fertiliser",
    "feed",
    "baking",
    "beverage",
    "tea",
    "spice",
    "cosmetic",
    "washing",
    "rescue",
    "security",
    "lock",
    "toy",
    "instrument",
    "sport",
    "clock",
]
TWO_CHARACTERS = ("电池", "隔膜", "稀土", "芯片", "疫苗", "雷达", "轴承", "加密", "太阳", "茶叶")
HONEST = (*TWO_CHARACTERS, "锂离电池", "battery", "lithium anode", "电池 -隔膜", "title:芯片", "ipc:H01M 电池", "filed:2015..2018 雷达",
          "radar NEAR/5 antenna", "batter*", '"laser image"')  # fmt: skip

WORDS_EN = """
lithium battery separator anode cathode electrolyte preparation rare earth alloy fiber laser image recognition data
communication network semiconductor chip package sensor robot control engine catalyst polymer coating nano
composite medical drug antibody protein detection analysis storage solar wind vehicle brake steering display panel
pixel memory valve pump bearing gear welding casting stamping mould fixture conveyor sorting warehouse packaging
printing dye textile leather furniture window bridge tunnel concrete asphalt drilling mining smelting motor
transformer switch socket lighting antenna filter coding encryption authentication payment scheduling navigation
radar sonar camera lens projector scanner keyboard touch speaker microphone blood breathing surgery prosthesis
dental vaccine enzyme fermentation seed breeding irrigation fertiliser feed baking beverage tea spice cosmetic
washing rescue security lock toy instrument sport clock
"""
PARTS_EN = WORDS_EN.split()   """Everything on a database and index of their own, dropped afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        home = Path(folder)
        cluster = Cluster(home)
        url = cluster.use()
        try:
            app = create_app(replace(Settings.from_environment(), home=home, database_url=None, testing=True))
            copied = pour(url, count)
            with app.app_context():
                begun = time.perf_counter()
                follower().rebuild()
                built = time.perf_counter() - begun
                figures = measure_calls(rounds)
            with serving(url, home, 8977) as address:
                figures |= measure_http(address, seconds)
            size = sum(file.stat().st_size for file in (home / "search").rglob("*") if file.is_file())
        finally:
            cluster.leave()
    bare_ms = figures["bare_p95_ms"][TWO_CHARACTERS[0]]
    figures["bare_to_http_ratio"] = round(bare_ms / figures["http_api_p95_ms"], 3)
    return {"assets": count, "copy_seconds": round(copied, 1), "build_seconds": round(built, 1),
            "index_bytes": size} | figures  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000), ensure_ascii=False, indent=2))
