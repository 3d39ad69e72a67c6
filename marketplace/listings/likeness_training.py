"""Learning which assets are alike: weighted words of titles and abstracts, drawn together into a few directions."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy
from sqlalchemy import func, select

from marketplace.core.db import session
from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.listings.index_entry import id_halves
from marketplace.listings.likeness import Numbers, folder, text_of, words_of
from marketplace.registry.assets import Asset

SAMPLE = 60_000
"""So many texts teach the words and directions; every asset then gets its own direction."""
DIRECTIONS = 96
MOST_WORDS = 60_000
BATCH = 2_000
SEED = 20261122


class TooLittleToLearn(Refused):
    """A handful of texts teaches nothing."""

    message = _l("At least %(least)s assets with a text are needed to learn from.")


LEAST = 10


def learn_likeness(now: datetime) -> dict[str, Any]:
    """Train on the register and put the result in the place of the last one; returns what was learned from."""
    sample = _sampled()
    if len(sample) < LEAST:
        raise TooLittleToLearn(least=LEAST)
    words, weights, directions, project = _trained(sample)
    generation = uuid4().hex
    place = folder() / generation
    place.mkdir(parents=True)
    count = _write_assets(place, project)
    (place / "words.json").write_text(json.dumps(words, ensure_ascii=False))
    numpy.save(place / "weights.npy", weights)
    numpy.save(place / "directions.npy", directions)
    _put_in_place(generation, now)
    return {"assets": count, "learned_from": len(sample), "words": len(words), "directions": int(directions.shape[1])}


def _trained(sample: list[str]) -> tuple[list[str], Numbers, Numbers, Callable[[list[str]], Numbers]]:
    """The words, their weights, their directions, and how texts are projected; the trainer is loaded only here."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    rare = 2 if len(sample) >= 200 else 1
    cutter = TfidfVectorizer(
        analyzer=words_of, min_df=rare, max_df=0.5, max_features=MOST_WORDS, sublinear_tf=True, dtype=numpy.float32
    )
    table = cutter.fit_transform(sample)
    size = max(2, min(DIRECTIONS, min(table.shape) - 1))
    drawn = TruncatedSVD(size, n_iter=4, random_state=SEED).fit(table)

    def project(texts: list[str]) -> Numbers:
        found: Numbers = normalize(drawn.transform(cutter.transform(texts))).astype(numpy.float32)
        return found

    words = [str(word) for word in cutter.get_feature_names_out()]
    return words, cutter.idf_.astype(numpy.float32), drawn.components_.T.astype(numpy.float32), project


def _sampled() -> list[str]:
    """The texts of at most SAMPLE assets, drawn evenly; the same register gives the same sample."""
    total = int(session.execute(select(func.count()).select_from(Asset)).scalar_one())
    dice = random.Random(SEED)
    share = SAMPLE / total if total > SAMPLE else 1.0
    return [text for _identity, text in _texts() if text.strip() and (share >= 1.0 or dice.random() < share)]


def _texts() -> Iterator[tuple[UUID, str]]:
    last: UUID | None = None
    while True:
        query = select(Asset.id, Asset.titles, Asset.abstracts).order_by(Asset.id).limit(BATCH)
        rows = session.execute(query if last is None else query.where(Asset.id > last)).all()
        if not rows:
            return
        yield from ((row.id, text_of(row.titles, row.abstracts)) for row in rows)
        last = rows[-1].id


def _write_assets(place: Path, project: Callable[[list[str]], Numbers]) -> int:
    """The direction of every asset with a text that has one."""
    identities: list[tuple[int, int]] = []
    parts: list[Numbers] = []
    texts = _texts()
    while batch := list(islice(texts, BATCH)):
        vectors = project([text for _identity, text in batch])
        known = numpy.flatnonzero(vectors.any(axis=1))
        identities.extend(id_halves(batch[at][0]) for at in known)
        parts.append(vectors[known])
    numpy.save(place / "assets.npy", numpy.array(identities, dtype=numpy.int64).reshape(-1, 2))
    numpy.save(place / "vectors.npy", numpy.concatenate(parts))
    return len(identities)


def _put_in_place(generation: str, now: datetime) -> None:
    fresh = folder() / "current.json.new"
    fresh.write_text(json.dumps({"generation": generation, "trained_at": now.isoformat(timespec="seconds")}))
    fresh.replace(folder() / "current.json")
    for old in folder().iterdir():
        if old.is_dir() and old.name != generation:
            shutil.rmtree(old, ignore_errors=True)
