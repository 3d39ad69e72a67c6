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
PARTS_EN = WORDS_EN.split()
TWO_CHARACTERS = ("电池", "隔膜", "稀土", "芯片", "疫苗", "雷达", "轴承", "加密", "太阳", "茶叶")
HONEST = (*TWO_CHARACTERS, "锂离电池", "battery", "lithium anode", "电池 -隔膜", "title:芯片", "ipc:H01M 电池", "filed:2015..2018 雷达",
          "radar NEAR/5 antenna", "batter*", '"laser image"')  # fmt: skip


def generated(count: int) -> Iterator[tuple[Any, ...]]:
    """Rows of plainly generated assets with Chinese and English titles and abstracts of about 300 characters."""
    dice = random.Random(20261122)
    weights = [1 / (rank + 3) for rank in range(len(PARTS_ZH))]
    english = [1 / (rank + 3) for rank in range(len(PARTS_EN))]
    for number in range(count):
        filed = date(2006, 1, 1) + timedelta(dice.randrange(7_000))
        zh = "".join(dice.choices(PARTS_ZH, weights, k=4))
        en = " ".join(dice.choices(PARTS_EN, english, k=5))
        abstract = "，".join("".join(dice.choices(PARTS_ZH, weights, k=5)) for _ in range(8))
        abstract_en = " ".join(dice.choices(PARTS_EN, english, k=30))
        section = f"{dice.choice('ABCDEFGH')}{dice.randrange(1, 60):02}{dice.choice('BCFGHKLM')}"
        yield (
            str(UUID(int=dice.getrandbits(128), version=4)), dice.choice(("CN", "CN", "US", "EP")),
            dice.choice(("invention", "utility_model", "design")), f"{100_000_000 + number}", "B",
            filed, filed + timedelta(7_300), dice.choice(("in_force", "in_force", "pending", "lapsed")),
            json.dumps({"zh": f"一种{zh}", "en": en}), json.dumps({"zh": abstract, "en": abstract_en}),
            json.dumps([f"{section}{dice.randrange(1, 80)}/{dice.randrange(100):02}"]), f"F{number // 3}",
        )  # fmt: skip


def pour(database_url: str, count: int) -> float:
    """COPY the assets into the register; returns the seconds."""
    started = time.perf_counter()
    columns = (
        "id, office, kind, number, kind_code, application_date, expires_on, status, titles, abstracts, ipc, family_id"
    )
    with psycopg.connect(database_url) as connection:
        defaults = {
            "application_number": "''", "status_source": "'generated'", "language": "''", "applicants": "'[]'",
            "inventors": "'[]'", "cpc": "'[]'", "nice_classes": "'[]'", "mark": "''", "facts": "'{}'",
            "attribution": "''", "demo": "true", "changed_at": "now()",
        }  # fmt: skip
        for name, value in defaults.items():
            connection.execute(f"ALTER TABLE assets ALTER {name} SET DEFAULT {value}".encode())
        with connection.cursor().copy(f"COPY assets ({columns}) FROM STDIN".encode()) as copy:
            for row in generated(count):
                copy.write_row(row)
    return time.perf_counter() - started


def p95_ms(act: Callable[[], Any], rounds: int) -> float:
    """The milliseconds that 95 of 100 calls keep."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begun) * 1000)
    return sorted(spent)[min(rounds - 1, int(rounds * 0.95))]


def bare(query: str) -> Callable[[], Any]:
    """The engine alone: the compiled query, top twenty and the count."""
    view, compiled = searcher(), matching(read_query(query))
    return lambda: view.search(compiled, 20, count=True)


def worst(queries: tuple[str, ...], make: Callable[[str], Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The p95 of each query."""
    return {query: round(p95_ms(make(query), rounds), 2) for query in queries}


def measure_calls(rounds: int) -> dict[str, Any]:
    """The search call with and without facets, and the bare engine, query by query."""
    engine = worst(HONEST, bare, rounds)
    plain = worst(HONEST, lambda query: lambda: search_assets(query, {}, None, with_facets=False), rounds)
    full = worst(HONEST, lambda query: lambda: search_assets(query, {}, None), rounds)
    ratios = sorted(engine[query] / plain[query] for query in HONEST)
    return {
        "bare_to_call_ratio_median": round(ratios[len(ratios) // 2], 3),
        "two_characters_call_p95_ms": max(plain[query] for query in TWO_CHARACTERS),
        "two_characters_call_with_facets_p95_ms": max(full[query] for query in TWO_CHARACTERS),
        "worst_call_with_facets_p95_ms": max(full.values()),
        "bare_p95_ms": engine,
        "call_p95_ms": plain,
        "call_with_facets_p95_ms": full,
        "grouped_by_family_p95_ms": round(p95_ms(lambda: search_assets("电池", {}, None, grouped=True), rounds), 2),
    }


@contextmanager
def serving(database_url: str, home: Path, port: int) -> Iterator[str]:
    """Two web processes on this database and index."""
    environment = os.environ | {
        "DATABASE_URL": database_url, "MARKETPLACE_ENV": "local", "MARKETPLACE_HOME": str(home), "SECRET_KEY": "b" * 48,
        "RATE_LIMITS": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", f"127.0.0.1:{port}", "-w", "2", "-k", "gthread",
               "--threads", "4", "--log-level", "error"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(100):
            try:
                urlopen(f"{address}/api/v1/search?q=warm", timeout=5).read()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def measure_http(address: str, seconds: float) -> dict[str, Any]:
    """Twenty searches a second through HTTP: the JSON answer and the page, both with facets."""

    def calls(path: str) -> Callable[[int], Call]:
        return lambda number: Call("GET", f"{path}?{urlencode({'q': TWO_CHARACTERS[number % 10]})}", {})

    found: dict[str, Any] = {}
    for name, path in (("api", "/api/v1/search"), ("page", "/search")):
        send(address, [calls(path)], 2.0)
        outcome = send(address, [calls(path), calls(path)], seconds, pause=0.1)
        found[f"http_{name}_p95_ms"] = outcome.p95_ms()
        found[f"http_{name}_statuses"] = outcome.statuses
    return found


def run(count: int = 200_000, rounds: int = 40, seconds: float = 5.0) -> dict[str, Any]:
    """Everything on a database and index of their own, dropped afterwards."""
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


def measure() -> dict[str, Any]:
    """The figures of the search call and of HTTP over 200,000 assets, named for the common report."""
    return {f"search_{name}": figure for name, figure in run(rounds=20).items()}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000), ensure_ascii=False, indent=2))
