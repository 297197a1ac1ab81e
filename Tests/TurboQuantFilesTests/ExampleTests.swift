// Every Swift example of the README, the documentation catalogs and the comments, compiled here. The
// suite below fails for an example that has no twin in this file, word for word; `import` lines, which
// stand at the top here, are left out of the comparison.

import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles
import TurboQuantFoundation
import TurboQuantIndex
import TurboQuantKVCache
import TurboQuantKernels
import TurboQuantStorage

// MARK: Examples

private func readme(_ vectors: [Float], _ q: [Float]) throws -> (Estimate, [Float]) {
  let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
  let codes = try codec.encode(vectors)  // rows × 384 floats
  let query = try codec.prepare(q)
  let estimate = try codec.estimate(query, for: codes[0])  // .value ± .standardError
  let decoded = try codec.decode(codes)
  return (estimate, decoded)
}

private func overview(
  _ vectors: [Float], _ q: [Float], report: (Int, Double, Double) -> Void
) throws -> [Float] {
  let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
  let codes = try codec.encode(vectors)  // rows × 384 floats
  let query = try codec.prepare(q)
  for (row, estimate) in try codec.estimates(query, for: codes).enumerated() {
    report(row, estimate.value, estimate.standardError)
  }
  let decoded = try codec.decode(codes)
  return decoded
}

private func codec(_ vectors: [Float], _ q: [Float]) throws -> Estimate {
  let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
  let codes = try codec.encode(vectors)  // rows × 384 floats
  let query = try codec.prepare(q)
  let estimate = try codec.estimate(query, for: codes[7])  // ⟨x₇, q⟩, with its standard error
  return estimate
}

private func cosine(_ vectors: [Float], _ q: [Float]) throws -> [Double] {
  let codec = try Codec(dimension: 384, rate: .bits(4), normalization: .unit, seed: 42)
  let query = try codec.prepare(q)
  let codes = try codec.encode(vectors)
  let cosines = try codec.values(query, for: codes).map { $0 / query.norm }
  return cosines
}

private func blob(_ codes: CodeMatrix, _ codec: Codec) throws -> CodeMatrix {
  let blob = codes.serialized  // the codec's fingerprint, then the rows
  let again = try CodeMatrix(serialized: blob, of: codec)
  return again
}

private func angles() throws -> Double {
  let codec = try Codec(dimension: 384, rate: .bits(4), quantizer: .polar(bits: [4, 2, 2, 2]))
  let distortion = codec.distortion ?? 0  // 0.0321 for every d that 16 divides
  return distortion
}

private func encodeFile() throws {
  var vectors = try VectorFile.open("vectors.npy")
  let codec = try Codec(dimension: vectors.dimension, rate: .bits(4), seed: 42)
  var writer = try CodeFileWriter("codes.tqv", codec: codec)
  var block: [Float] = []
  while try vectors.read(upTo: 4096, into: &block) > 0 {
    try writer.append(codec.encode(block, threads: 8))
  }
  try writer.finish()
}

private func searchFile(_ q: [Float]) throws -> [Estimate] {
  let file = try CodeFile("codes.tqv")
  let query = try file.codec.prepare(q)
  let estimates = try file.codec.estimates(query, for: file.codes(of: 0..<file.count))
  return estimates
}

private func readVectors(use: (_ block: [Float], _ dimension: Int) -> Void) throws {
  var file = try VectorFile.open("vectors.npy")
  var block: [Float] = []
  while try file.read(upTo: 1000, into: &block) > 0 {
    use(block, file.dimension)
  }
}

private func writeVectors(_ block: [Float]) throws {
  var writer = try NpyWriter("decoded.npy", dimension: 384)
  try writer.append(block)
  try writer.finish()
}

private func writeContainer(_ record: [UInt8], next: () -> [UInt8]?) throws {
  var writer = try ContainerWriter("vectors.tqv", kind: "VECS", sectionCount: 2)
  try writer.writeSection("codec", record.span.raw)
  try writer.beginSection("codes")
  while let block = next() { try writer.append(block.span.raw) }
  try writer.endSection()
  try writer.finish()
}

private func indexAndSearch(
  _ vectors: [Float], _ ids: [UInt64], _ queries: [Float]
) throws -> [[Hit]] {
  var index = try VectorIndex(dimension: 384, bits: 4, metric: .cosine, seed: 42)
  try index.add(vectors, ids: ids)
  let hits = try index.search(queries, count: 10)  // one list of hits for each query
  try index.save(to: "packages.tqi")
  return hits
}

private func changeFile(_ vectors: [Float], _ ids: [UInt64]) throws {
  let lock = try IndexFileLock("packages.tqi")  // waits while another process changes the file
  var index = try VectorIndex(opening: lock.path)
  try index.add(vectors, ids: ids)
  try index.save(replacing: lock)
}

private func openIndex(_ queries: [Float]) throws -> [[Hit]] {
  let index = try VectorIndex(opening: "packages.tqi")
  let near = try index.rangeSearch(queries, limit: 0.8)
  return near
}

private func filterAndRerank(_ index: VectorIndex, _ queries: [Float]) throws -> [[Hit]] {
  var options = SearchOptions(filter: .predicate { $0 < 1_000_000 }, rerank: 50)
  options.threads = 8
  let hits = try index.search(queries, count: 10, options: options)
  return hits
}

private func centre(_ vectors: [Float], _ mean: [Float]) throws -> VectorIndex {
  var index = try VectorIndex(dimension: 384, bits: 4, metric: .cosine, mean: mean, seed: 42)
  try index.add(vectors)
  return index
}

private func share(_ index: VectorIndex, _ vectors: [Float], _ queries: [Float]) throws -> [[Hit]] {
  let shared = SharedVectorIndex(index)
  try shared.update { try $0.add(vectors) }
  let hits = try shared.search(queries, count: 10)
  return hits
}

private func names(_ vectors: [Float], _ queries: [Float]) throws -> [RowTag?] {
  var index = try VectorIndex(dimension: 384, bits: 4, metric: .cosine, tags: .text)
  try index.upsert(vectors, tags: ["intro.md#3", "intro.md#4"])
  let nearest = try index.search(queries, count: 10)[0].map(\.tag)
  try index.remove(tags: ["intro.md#3"])
  return nearest
}

private func task(
  _ index: VectorIndex, _ vectors: [Float], _ queries: [Float], tags: [String]
) async throws -> [[Hit]] {
  let shared = SharedVectorIndex(index)
  try await shared.add(vectors, tags: tags) { done, total in print("\(done) of \(total)") }
  let hits = try await shared.search(queries, count: 10)
  try await shared.save(to: "notes.tqi")
  return hits
}

private func tags(_ index: inout VectorIndex, _ vectors: [Float]) throws {
  try index.add(vectors, tags: ["intro.md#3", "intro.md#4"])
}

private func attend(
  _ k: [Float], _ v: [Float], _ q: [Float]
) throws -> (KVCache, [Float]) {
  let shape = KVShape(queryHeads: 32, keyValueHeads: 8, keyDimension: 128)
  let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3)))
  var cache = KVCache(codec)
  try cache.append(keys: k, values: v)  // [heads, tokens, dimension]
  let output = try cache.attend(q)  // [query heads, tokens, dimension]
  try cache.save(to: "layer0.tqkv")
  return (cache, output)
}

private func calibrate(
  _ calibration: [(keys: [Float], queries: [Float])], _ configuration: inout KVConfiguration
) throws {
  var statistics = try KVStatistics(configuration)
  for text in calibration { try statistics.add(keys: text.keys, queries: text.queries) }
  configuration.equalization = try statistics.equalization(.diagonal)
}

private func useCalibration(_ configuration: inout KVConfiguration) throws {
  let calibration = try KVCalibration(contentsOf: "model.tqeq")
  configuration.equalization = calibration.layers[3]
}

private func settings(
  _ shape: KVShape, _ frequencies: [Double], layer: Int
) throws -> KVConfiguration {
  var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4))
  (configuration.sinks, configuration.window) = (4, 64)
  configuration.centering = .rotaryMean(RotaryEmbedding(frequencies: frequencies))
  configuration.equalization = try KVCalibration(contentsOf: "model.tqeq").layers[layer]
  return configuration
}

private func openByURL(_ url: URL, _ vectors: [Float], _ tags: [String]) throws {
  var index = try VectorIndex(opening: url)
  try index.upsert(vectors, tags: tags)
  try index.save(to: url)
}

private func shareWithTags(_ vectors: [Float], _ query: [Float], _ url: URL) async throws -> [[Hit]]
{
  let index = try VectorIndex(dimension: 384, metric: .cosine, tags: .text)
  let shared = SharedVectorIndex(index)
  try await shared.upsert(vectors, tags: ["intro.md#3", "intro.md#4"])
  let hits = try await shared.search(query, count: 10)  // hits[0][0].tag
  try await shared.save(to: url)
  return hits
}

// MARK: The comparison

@Suite struct ExampleTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Every fenced block of Swift in the text of a file: its lines, without a comment's slashes.
  private static func blocks(in text: String) -> [[Substring]] {
    var blocks: [[Substring]] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let content =
        line.firstMatch(of: /^ *\/\/\/ ?/).map { line[$0.range.upperBound...] } ?? line
      if content.hasPrefix("```") {
        isInside = !isInside && content == "```swift"
        if isInside { blocks.append([]) }
      } else if isInside {
        blocks[blocks.count - 1].append(content)
      }
    }
    return blocks
  }

  @Test("Every example in the documentation is compiled in this file")
  func examples() throws {
    let own = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    var paths = ["README.md", "CONTRIBUTING.md"]
    for directory in ["Documentation", "Sources"] {
      let below = try FileManager.default.subpathsOfDirectory(
        atPath: Self.root.appending(path: directory).path)
      paths += below.filter { $0.hasSuffix(".md") || $0.hasSuffix(".swift") }
        .map { "\(directory)/\($0)" }
    }
    var count = 0
    for path in paths.sorted() {
      let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
      for block in Self.blocks(in: text) {
        let lines = block.filter { !$0.hasPrefix("import ") }.map { $0.isEmpty ? "" : "  \($0)" }
        let example = lines.drop { $0.isEmpty }.joined(separator: "\n")
        let isCompiled = own.contains("{\n\(example)\n")
        #expect(isCompiled, "\(path):\n\(block.joined(separator: "\n"))")
        count += 1
      }
    }
    // A rule held over no examples would hold whatever they say.
    #expect(count >= 15)
  }

  @Test("The examples that need no file do what they say")
  func results() throws {
    // A constant vector with itself: ⟨x, q⟩ = 384, estimated within what 4 bits allow.
    let ones = [Float](repeating: 1, count: 384)
    let (first, decoded) = try readme(ones + ones, ones)
    #expect(abs(first.value - 384) < 6 * first.standardError + 384e-6)
    #expect(decoded.count == 2 * 384)
    var reports = 0
    let again = try overview(ones + ones, ones) { row, value, standardError in
      #expect(row == reports && value == first.value && standardError == first.standardError)
      reports += 1
    }
    #expect(again == decoded && reports == 2)
    #expect(try codec(Array(repeatElement(ones, count: 8).joined()), ones) == first)
    #expect(abs(try cosine(ones, ones)[0] - first.value / 384) < 1e-6)
  }
}
