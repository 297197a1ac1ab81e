"""What the stores of all frameworks share: documents and an index that change together."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swift_turboquant import FileError, InputError
from swift_turboquant.stores._collection import Collection, DuplicateIdError
from swift_turboquant.stores._options import IndexOptions

DIM = 6


def collection(**options):
    return Collection(IndexOptions(**{"originals": "float32", "metric": "l2"} | options))


def ids_of(hits):
    return [each.entry.id for each in hits]


def check_whole(store):
    """Rows of the index are those of the documents."""
    rows = [each.row for each in store.entries() if each.row is not None]
    assert sorted(rows) == ([] if store.index is None else sorted(store.index.ids.tolist()))


changes = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["replace", "skip", "error"]),
            st.lists(
                st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 99)), max_size=5
            ),
        ),
        st.tuples(st.just("remove"), st.lists(st.sampled_from("abcdefg"), max_size=4)),
        st.tuples(st.just("clear"), st.none()),
    ),
    max_size=8,
)


@given(changes, st.integers(0, 99))
def test_as_a_dictionary_would(steps, target):
    """Beside a dictionary of values; value v lies at (v, 0, …), so squared distances are known."""
    store, model = collection(), {}
    for verb, argument in steps:
        if verb == "remove":
            assert store.remove(argument) == len(set(argument) & set(model))
            for id in argument:
                model.pop(id, None)
        elif verb == "clear":
            assert store.remove_where() == len(model)
            model.clear()
        else:
            ids = [id for id, _ in argument]
            values = [value for _, value in argument]
            vectors = [None if v is None else [float(v)] + [0.0] * (DIM - 1) for v in values]
            new, written = dict(model), 0
            fails = verb == "error" and (len(set(ids)) < len(ids) or set(ids) & set(model))
            for id, value in argument:
                if not (verb == "skip" and id in new):
                    new[id] = value
                    written += 1
            if fails:
                with pytest.raises(DuplicateIdError):
                    store.put(ids, values, vectors, verb)
            else:
                assert store.put(ids, values, vectors, verb) == written
                model = new
    assert {each.id: each.document for each in store.entries()} == model
    assert {each.id for each in store.get("gabcdefaa")} == set(model)
    check_whole(store)
    with_vector = {id: value for id, value in model.items() if value is not None}
    hits = store.search([target] + [0] * (DIM - 1), 10)
    assert sorted(ids_of(hits)) == sorted(with_vector)
    # Originals are small integers, whose squared distances are exact in float32.
    assert [each.score for each in hits] == sorted((v - target) ** 2 for v in with_vector.values())
    assert all(each.score == (with_vector[each.entry.id] - target) ** 2 for each in hits)
    odd = store.search(
        [target] + [0] * (DIM - 1), 10, lambda value: value is not None and value % 2
    )
    assert ids_of(odd) == [each.entry.id for each in hits if each.entry.document % 2]


def test_all_or_nothing():
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))
    for vectors, message in [
        ([[1.0] * DIM, [float("nan")] * DIM], "document 'c': row 1, column 0 is nan"),
        ([[1.0] * DIM, [1.0] * 5], "document 'c' has 5 coordinates, expected 6; is it of another"),
        (np.ones((2, 5)), "vectors have 5 coordinates, expected 6"),
        (np.ones(2), r"vectors have shape \(2,\), expected two dimensions"),
    ]:
        with pytest.raises(ValueError, match=message):
            store.put(["a", "c"], ["new", "C"], vectors)
        assert [each.document for each in store.entries()] == ["A", "B"]
        check_whole(store)
    with pytest.raises(ValueError, match="the query has 5 coordinates, expected 6"):
        store.search([1.0] * 5, 1)
    with pytest.raises(ValueError, match="k is 0"):
        store.search([1.0] * DIM, 0)
    with pytest.raises(InputError, match="nan"):
        store.search([float("nan")] * DIM, 1)


def test_the_zero_vector_has_no_direction():
    store = collection(metric="cosine")
    with pytest.raises(InputError, match="document 'b': row 0 is the zero vector"):
        store.put(["a", "b"], [0, 0], [None, [0.0] * DIM])
    assert len(store) == 0


def test_the_first_vector_says_the_dimension():
    store = collection()
    assert store.search([1.0, 2.0], 3) == [] and store.dim is None
    with pytest.raises(ValueError, match="document 'b' has 2 coordinates, expected 3"):
        store.put(["a", "b"], [0, 0], [[1.0] * 3, [1.0] * 2])
    with pytest.raises(ValueError, match="document 'a' has 0 coordinates, expected at least 1"):
        store.put(["a"], [0], [[]])
    assert store.dim is None and len(store) == 0
    store.put(["none"], [0], [None])
    assert store.dim is None and len(store) == 1
    store.put(["a"], [0], [[1.0] * 3])
    assert store.dim == 3
    with pytest.raises(ValueError, match="expected 6"):
        collection(dim=6).search([1.0] * 3, 1)


@pytest.mark.parametrize(
    "option", [{"bits": 7}, {"metric": "dot"}, {"originals": "int8"}, {"dim": 0}]
)
def test_bad_options_are_refused_at_once(option):
    with pytest.raises(ValueError):
        IndexOptions(**option)


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_addition(monkeypatch, after):
    """Ctrl-C before or after the index has the rows."""
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))
    kind = type(store.index)
    add = kind.add

    def interrupted(index, x):
        if after:
            add(index, x)
        raise KeyboardInterrupt

    monkeypatch.setattr(kind, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(["b", "c"], ["new", "C"], np.ones((2, DIM)))
    monkeypatch.undo()
    check_whole(store)
    assert sorted(ids_of(store.search([1.0] * DIM, 4))) == ["a", "b"]


def test_rows_that_cannot_be_removed(monkeypatch):
    """A damaged file may be noticed only then: documents stay, and so do their vectors."""
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))

    def refuse(*_arguments, **_options):
        raise FileError("damaged", 414)

    monkeypatch.setattr(type(store.index), "remove", refuse)
    for change in (
        lambda: store.remove(["a"]),
        store.remove_where,
        lambda: store.put(["b", "c"], ["new", "C"], np.full((2, DIM), 0.5)),
    ):
        with pytest.raises(FileError):
            change()
        assert {each.id: each.document for each in store.entries()} == {"a": "A", "b": "B"}
    monkeypatch.undo()
    assert sorted(ids_of(store.search([0.5] * DIM, 2))) == ["a", "b"]
    check_whole(store)


def test_rows_without_documents_are_swept():
    """What an interruption between index and documents leaves does not take a document's place."""
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))
    store.index.add(np.full((5, DIM), 0.5))
    assert ids_of(store.search([0.5] * DIM, 2)) == ["a", "b"]
    check_whole(store)


def test_searches_beside_changes():
    """A document's vector says its version; a search may see any version, but whole, and all documents."""
    count, rounds = 20, 60
    store = collection()
    ids = [str(i) for i in range(count)]

    def write(version):
        vectors = np.zeros((count, DIM), np.float32)
        vectors[:, 0], vectors[:, 1] = np.arange(count), version
        store.put(ids, [version] * count, vectors)

    write(0)
    done = threading.Event()

    def writer():
        for version in range(1, rounds):
            write(version)
        done.set()

    thread = threading.Thread(target=writer)
    thread.start()
    searches = 0
    while not done.is_set() or searches < 3:
        where = (lambda _: True) if searches % 2 else None
        hits = store.search([0.0] * DIM, count, where, with_vectors=True)
        searches += 1
        assert sorted(map(int, ids_of(hits))) == list(range(count))
        versions = {each.entry.document for each in hits}
        assert len(versions) == 1
        assert {float(each.vector[1]) for each in hits} == versions
        everything = {(each.document, float(its[1])) for each, its in store.with_vectors()}
        assert len(everything) == 1 and all(a == b for a, b in everything)
    thread.join()
    check_whole(store)


def test_a_change_between_filter_and_search():
    """What another thread may do at that moment: the filter has chosen a row that is there no more."""
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))
    changed = []

    def where(_):
        if not changed:
            changed.append(store.put(["a"], ["new"], np.eye(1, DIM)))
        return True

    hits = store.search([1.0] * DIM, 2, where)
    assert sorted(each.entry.document for each in hits) == ["B", "new"]


def test_a_filter_that_changes_the_documents():
    store = collection()
    store.put(["a", "b"], ["A", "B"], np.eye(2, DIM))

    def where(_):
        store.put(["a"], ["A"], np.eye(1, DIM))
        return True

    with pytest.raises(RuntimeError, match="changes the documents"):
        store.search([1.0] * DIM, 2, where)


def test_changed_documents_keep_their_vectors():
    store = collection()
    store.put(["a", "b", "c"], [1, 2, 3], [[1.0] * DIM, [2.0] * DIM, None])
    assert store.change(lambda value: value > 1, lambda value: value * 10) == 2
    hits = store.search([2.0] * DIM, 2)
    assert [(each.entry.document, each.score) for each in hits] == [(20, 0), (1, DIM)]
    found = store.with_vectors()
    assert [each.id for each, _ in found] == ["a", "b", "c"]
    assert [None if its is None else its.tolist() for _, its in found] == [
        [1] * DIM, [2] * DIM, None,
    ]  # fmt: skip
    (((each, its),)) = store.with_vectors(lambda value: value == 20)
    assert each.id == "b" and its.tolist() == [2] * DIM


def test_vectors_of_codes(shipped):
    """Without originals, vectors are what the codes stand for."""
    store = collection(originals=None, metric="ip")
    x = shipped[0][:20]
    store.put([str(i) for i in range(20)], list(range(20)), x)
    hits = store.search(x[3], 3, with_vectors=True)
    np.testing.assert_array_equal(
        [each.vector for each in hits], store.index.reconstruct([each.entry.row for each in hits])
    )
