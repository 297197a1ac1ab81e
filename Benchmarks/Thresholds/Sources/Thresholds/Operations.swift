import TurboQuant
import TurboQuantIndex
import TurboQuantKVCache

/// Something that an application does often: all of it is set up before it is run.
struct Operation: Sendable {
  let name: String
  /// Makes what the operation needs, and returns the operation itself.
  let prepare: @Sendable (Inputs) throws -> () throws -> Void
}

/// What is counted; `thresholds.txt` has a row for each.
let operations = [
  encode("encode-1", rows: 1),
  encode("encode-1000", rows: 1_000),
  decode("decode-1", rows: 1),
  decode("decode-1000", rows: 1_000),
  Operation(name: "estimate-1") { _ in
    let (codec, codes, query) = try codesAndQuery(rows: 1)
    return { blackHole(try codec.estimate(query, for: codes[0])) }
  },
  Operation(name: "estimates-1000") { _ in
    let (codec, codes, query) = try codesAndQuery(rows: 1_000)
    return { blackHole(try codec.estimates(query, for: codes)) }
  },
  Operation(name: "index-add-1000") { _ in
    let empty = try VectorIndex(dimension: Inputs.dimension, bits: 4, metric: .cosine)
    let rows = Inputs.clustered(count: 1_000, seed: 1)
    return {
      var index = empty
      try index.add(rows)
      blackHole(index)
    }
  },
  search("search-certified-1", bits: 4, queries: 1, .certified()),
  search("search-certified-32", bits: 4, queries: 32, .certified()),
  search("search-exhaustive-1", bits: 2, queries: 1, .exhaustive),
  search("search-exhaustive-32", bits: 2, queries: 32, .exhaustive),
  Operation(name: "cache-append-32") { inputs in
    // One by one, as a model decodes: the 32nd seals a batch. They are taken back, so that every run finds 4,096.
    var cache = try inputs.cache()
    let tokens = (0..<32).map { Inputs.tokens(1, seed: 5 + $0) }
    return {
      for token in tokens { try cache.append(keys: token.keys.span, values: token.values.span) }
      try cache.truncate(to: Inputs.tokenCount)
    }
  },
  Operation(name: "cache-attend-4096") { inputs in
    let cache = try inputs.cache()
    let queries = Inputs.attentionQueries()
    var output = [Float](
      repeating: 0, count: Inputs.shape.queryHeads * Inputs.shape.valueDimension)
    return {
      var span = output.mutableSpan
      try cache.attend(queries.span, into: &span)
    }
  },
]

private func codec() throws -> Codec {
  try Codec(dimension: Inputs.dimension, rate: .bits(4), seed: 42)
}

private func encode(_ name: String, rows: Int) -> Operation {
  Operation(name: name) { _ in
    let codec = try codec()
    let vectors = Inputs.clustered(count: rows, seed: 1)
    return { blackHole(try codec.encode(vectors.span)) }
  }
}

private func decode(_ name: String, rows: Int) -> Operation {
  Operation(name: name) { _ in
    let codec = try codec()
    let codes = try codec.encode(Inputs.clustered(count: rows, seed: 1).span)
    return { blackHole(try codec.decode(codes)) }
  }
}

private func codesAndQuery(rows: Int) throws -> (Codec, CodeMatrix, Query) {
  let codec = try codec()
  let codes = try codec.encode(Inputs.clustered(count: rows, seed: 1).span)
  return (codec, codes, try codec.prepare(Inputs.clustered(count: 1, seed: 2).span))
}

private func search(_ name: String, bits: Int, queries: Int, _ exactness: Exactness) -> Operation {
  Operation(name: name) { inputs in
    let index = try inputs.index(bits: bits)
    let vectors = Inputs.clustered(count: queries, seed: 2)
    let options = SearchOptions(exactness: exactness, threads: 1)
    let read = try index.searchWithStatistics(vectors, count: 10, options: options).statistics
    guard exactness == .exhaustive || 2 * read.finished < read.rows else {
      throw UseError(description: "a certified search read \(read.finished) of \(read.rows) rows")
    }
    return { blackHole(try index.search(vectors, count: 10, options: options)) }
  }
}

/// Takes a result, so that the compiler cannot leave out the work that made it.
@inline(never)
private func blackHole<Value>(_ value: Value) {}
