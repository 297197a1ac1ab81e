"""Random histories of an index, against a dictionary of its rows in NumPy.

Two things are expected after any history. Results are, to the bit, those of an index that is made at once from the
dictionary's rows. And scores are those that the codec estimates in float64 from the same codes, up to the rounding of a
scan, so that nothing rests on the index alone.
"""

import pickle
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)  # fmt: skip

from swift_turboquant import Codec, Index

# Saving waits for the disk; where there is a file system in memory, it does not.
FOLDER = "/dev/shm" if Path("/dev/shm").is_dir() else None

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(0, 12)
options = st.fixed_dictionaries(
    {
        "dim": st.sampled_from([1, 3, 8, 16]),
        "bits": st.sampled_from([1, 2, 3, 4, 8]),
        "metric": st.sampled_from(["ip", "cosine", "l2"]),
        "ids": st.sampled_from(["int", "str", "bytes"]),
        "quantizer": st.sampled_from(["scalar", "scalar", "two-stage"]),
        "centered": st.booleans(),
        "originals": st.sampled_from([None, "float16", "float32"]),
        "seed": st.integers(0, 3),
    }
)


class Model:
    """The rows of an index by id. `order` is what breaks ties: the id, or of tags when they were first added."""

    def __init__(self, kind):
        self.kind = kind
        self.rows = {}
        self.order = {}
        self.next = 0

    def put(self, ids, x):
        for id, row in zip(ids, x, strict=True):
            if id not in self.rows:
                self.order[id] = id if self.kind == "int" else self.next
                self.next = max(self.next, self.order[id] + 1)
            self.rows[id] = row

    def remove(self, ids):
        for id in ids:
            del self.rows[id], self.order[id]

    @property
    def ids(self):
        return sorted(self.rows, key=self.order.__getitem__)

    def matrix(self, ids, dim):
        return np.array([self.rows[id] for id in ids], np.float32).reshape(-1, dim)

    def array(self, ids):
        return np.array(ids, np.int64) if self.kind == "int" else list(ids)


class History(RuleBasedStateMachine):
    @initialize(options=options)
    def make(self, options):
        self.dim, self.kind, self.metric = options["dim"], options["ids"], options["metric"]
        self.codec = None
        if options["quantizer"] == "two-stage":
            options["bits"] += 1
        elif not options["centered"]:
            self.codec = Codec(
                self.dim, options["bits"], seed=options["seed"], normalize=self.metric == "cosine"
            )
        center = np.linspace(-1, 2, self.dim) if options.pop("centered") else None
        self.bits = options["bits"]
        self.has_originals = options["originals"] is not None
        self.options = {**options, "center": center}
        self.index = self.new_index()
        self.model = Model(self.kind)

    def new_index(self, ids=(), x=()):
        index = Index(**self.options)
        if len(ids):
            index.add(x, self.model.array(ids))
        return index

    # What rows and ids are made of

    def vectors(self, rng, count):
        """Rows of all lengths; some are copies of rows that are there, whose scores tie."""
        x = rng.standard_normal((count, self.dim)).astype(np.float32)
        x *= rng.choice([0.1, 1, 1, 30], (count, 1)).astype(np.float32)
        old = list(self.model.rows.values())
        for i in range(count):
            if old and rng.random() < 0.2:
                x[i] = old[rng.integers(len(old))]
        return x

    def ids(self, rng, count, new):
        """Ids that are all new, or some of which are there, some twice."""
        names = rng.choice(60, count, replace=not new).tolist()
        if self.kind != "int":
            names = [f"é{n}" if self.kind == "str" else b"%d\0" % n for n in names]
        return [name for name in names if not new or name not in self.model.rows]

    def chosen(self, rng, most=8):
        """Some of the ids that are there, in any order."""
        ids = self.model.ids
        return [ids[i] for i in rng.permutation(len(ids))[: rng.integers(most + 1)]]

    # What changes an index

    @rule(seed=seeds, count=counts)
    def add(self, seed, count):
        rng = np.random.default_rng(seed)
        ids = self.ids(rng, count, new=True)
        x = self.vectors(rng, len(ids))
        assert list(self.index.add(x, self.model.array(ids))) == ids
        self.model.put(ids, x)

    @precondition(lambda self: self.kind == "int")
    @rule(seed=seeds, count=counts)
    def add_without_ids(self, seed, count):
        x = self.vectors(np.random.default_rng(seed), count)
        ids = list(range(self.model.next, self.model.next + count))
        assert self.index.add(x).tolist() == ids
        self.model.put(ids, x)

    @rule(seed=seeds, count=counts)
    def upsert(self, seed, count):
        rng = np.random.default_rng(seed)
        ids = self.ids(rng, count, new=False)
        x = self.vectors(rng, len(ids))
        self.index.upsert(x, self.model.array(ids))
        self.model.put(ids, x)

    @rule(seed=seeds)
    def remove(self, seed):
        ids = self.chosen(np.random.default_rng(seed))
        assert self.index.remove(self.model.array(ids)) == len(ids)
        self.model.remove(ids)

    @rule(seed=seeds, count=counts)
    def remove_what_is_there(self, seed, count):
        ids = self.ids(np.random.default_rng(seed), count, new=False)
        present = {id for id in ids if id in self.model.rows}
        assert self.index.remove(self.model.array(ids), missing="ignore") == len(present)
        self.model.remove(present)

    @rule(seed=seeds, count=counts)
    def merge(self, seed, count):
        rng = np.random.default_rng(seed)
        ids = self.ids(rng, count, new=True)
        x = self.vectors(rng, len(ids))
        self.index.merge(self.new_index(ids, x))
        self.model.put(ids, x)

    @rule()
    def save_and_load(self):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            path = Path(folder) / "1.tqi"
            self.index.save(path)
            Index.verify(path)
            self.index = Index.load(path)

    @rule()
    def through_pickle(self):
        self.index = pickle.loads(pickle.dumps(self.index))

    # What an index says

    @invariant()
    def holds_the_rows(self):
        if not hasattr(self, "model"):
            return
        assert len(self.index) == len(self.model.rows)

    @rule(seed=seeds)
    def has_the_ids(self, seed):
        assert set(self.index.ids.tolist()) == set(self.model.rows)
        for id in self.ids(np.random.default_rng(seed), 5, new=False):
            assert (id in self.index) == (id in self.model.rows)

    @rule(seed=seeds)
    def reconstructs(self, seed):
        ids = self.chosen(np.random.default_rng(seed))
        x = self.model.matrix(ids, self.dim)
        fresh = self.new_index(ids, x)
        named = self.model.array(ids)
        np.testing.assert_array_equal(self.index.reconstruct(named), fresh.reconstruct(named))
        if self.codec is not None:  # the same codes, decoded by the codec
            np.testing.assert_array_equal(
                self.index.reconstruct(named), self.codec.decode(self.codec.encode(x))
            )
        if self.has_originals:
            kept = x.astype(self.options["originals"]).astype(np.float32)
            np.testing.assert_array_equal(self.index.original_vectors(named), kept)

    @rule(seed=seeds, k=st.integers(1, 30), filtered=st.booleans(), reranked=st.booleans())
    def searches(self, seed, k, filtered, reranked):
        rng = np.random.default_rng(seed)
        q = self.vectors(rng, int(rng.integers(1, 4)))
        allowed = self.model.ids
        names = None
        if filtered:  # ids that are not there are ignored
            names = self.ids(rng, 20, new=False)
            allowed = [id for id in allowed if id in set(names)]
        fresh = self.fresh(rng)
        more = {"filter": None if names is None else self.model.array(names), "with_error": True}
        if reranked and self.has_originals:
            more["rerank"] = k + 3
        d, i, e = self.index.search(q, k, exactness="exhaustive", **more)
        for other in (fresh, self.index):
            for exactness in ("exhaustive", "certified"):  # so few rows are read whole either way
                for found, one in zip(
                    other.search(q, k, exactness=exactness, threads=2, **more), (d, i, e),
                    strict=True,
                ):  # fmt: skip
                    np.testing.assert_array_equal(found, one)
        self.check(q, k, allowed, d, i, "rerank" in more)

    @rule(seed=seeds, filtered=st.booleans())
    def range_searches(self, seed, filtered):
        rng = np.random.default_rng(seed)
        q = self.vectors(rng, 2)
        names = self.model.array(self.chosen(rng, 20)) if filtered else None
        k = max(1, len(self.model.rows))
        d, i = self.index.search(q, k, filter=names, exactness="exhaustive")
        finite = d[np.isfinite(d)]
        limit = (
            float(rng.choice(finite)) if finite.size else 0.0
        )  # one of the scores: itself included
        within = (d <= limit) if self.metric == "l2" else (d >= limit)
        for index in (self.index, self.fresh(rng)):
            lims, found, ids = index.range_search(q, limit, filter=names)
            assert lims.tolist() == [0, *np.cumsum(within.sum(axis=1))]
            np.testing.assert_array_equal(found, d[within])
            np.testing.assert_array_equal(ids, i[within])

    def fresh(self, rng):
        """An index made at once; with integers as ids the order of its rows does not matter."""
        ids = self.model.ids
        if self.kind == "int":
            ids = [ids[i] for i in rng.permutation(len(ids))]
        return self.new_index(ids, self.model.matrix(ids, self.dim))

    # Against NumPy

    def check(self, q, k, allowed, d, i, is_reranked):
        missing, sign = (np.inf, -1) if self.metric == "l2" else (-np.inf, 1)
        count = min(k, len(allowed))
        assert (d[:, count:] == missing).all()
        assert (i[:, count:] == (-1 if self.kind == "int" else None)).all()
        order = self.model.order
        for scores, ids in zip(d[:, :count], i[:, :count].tolist(), strict=True):
            assert len(set(ids)) == count and set(ids) <= set(allowed)
            ranks = [(-sign * float(s), order[id]) for s, id in zip(scores, ids, strict=True)]
            assert ranks == sorted(ranks)
        if self.codec is None or is_reranked or not allowed:
            return
        places = {id: place for place, id in enumerate(allowed)}
        expected, bounds = self.plain(q, self.model.matrix(allowed, self.dim))
        for query, ids in enumerate(i[:, :count].tolist()):
            at = [places[id] for id in ids]
            errors = np.abs(d[query, :count] - expected[query, at])
            assert (errors <= bounds[query, at]).all(), (errors, bounds[query, at])
            others = np.setdiff1d(np.arange(len(allowed)), at)
            best = sign * expected[query, others] - bounds[query, others]
            assert (best <= sign * d[query, count - 1]).all()

    def plain(self, q, x):
        """Scores in float64 from the codec's estimates, and how far those of a scan may be off.

        A scan rounds coordinates u of the query's direction, and centroids c, to whole numbers of steps. With s steps from
        0 to the largest, a coordinate is off by at most 1 / 2s, for the largest is at most 1; a centroid by at most c / s
        of the largest, c <= 1. So a product of d coordinates is off by (d / 2 + sqrt(d)) / s, since the coordinates' sum is
        at most sqrt(d). It is divided by the alignment of row and code, which is the cosine of the two. Tables of 1 and 2
        bits round sums of four coordinates, at most 2, to 127 numbers, twice for two bits, both signs apart.
        """
        q, x = q.astype(np.float64), x.astype(np.float64)
        codes = self.codec.encode(x)
        products = self.codec.estimate(q, codes)
        rows, queries = np.linalg.norm(x, axis=1), np.linalg.norm(q, axis=1)[:, None]
        decoded = self.codec.decode(codes)
        cosine = (decoded * x).sum(axis=1) / (np.linalg.norm(decoded, axis=1) * rows)
        d = self.dim
        if self.bits <= 2:
            rounding = 2 * (d // 8 + 1) * 2 * (2 * 2 / 127)
        else:
            rounding = (d / 2 + d**0.5) / (31 if self.bits <= 4 else 4095)
        # Float32 beside that: 16 roundings of 2^-24 of what is added up.
        relative = rounding / np.minimum(cosine, 1) + 2.0**-20
        if self.metric == "cosine":
            return products / queries, np.broadcast_to(relative, products.shape)
        bounds = relative * rows * queries
        if self.metric == "ip":
            return products, bounds
        squares = rows**2 + queries**2
        return squares - 2 * products, 2 * bounds + 2.0**-20 * squares


def test_histories():
    run_state_machine_as_test(History)
