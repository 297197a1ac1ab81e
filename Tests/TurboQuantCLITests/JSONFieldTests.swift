import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantTheory

@testable import TurboQuantCLI

/// The fields that programs read: their names and types are part of the interface.
@Suite("JSON fields")
struct JSONFieldTests {
  private static let evaluateFields: Set<String> = [
    "quantizer", "bits", "estimator", "bytes_per_vector", "mse", "mse_standard_error",
    "mse_theory", "mse_seeds", "ip_bias", "ip_rmse", "recall_at_10", "recall_1_at_1",
    "recall_1_at_10", "encode_us_per_vector", "threads", "dimension", "count", "zero_rows",
    "queries", "seed",
  ]

  @Test("evaluate: one object for each configuration, the theory's value null for QJL")
  func evaluate() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(300, 96), to: "x.npy")
    let outcome = run(
      "evaluate", input, "--bits", "2,4", "--quantizer", "scalar,two-stage,qjl", "--json")
    #expect(outcome.exitCode == .done)
    let measurements = try outcome.objects()
    #expect(measurements.count == 6)
    for measurement in measurements {
      #expect(Set(measurement.keys) == Self.evaluateFields)
      let isQJL = measurement["quantizer"] as? String == "qjl"
      #expect((measurement["mse_theory"] is NSNull) == isQJL)
      #expect(measurement["count"] as? Int == 270 && measurement["queries"] as? Int == 30)
      for name in ["recall_at_10", "recall_1_at_1", "recall_1_at_10"] {
        #expect((0...1).contains(try #require(measurement[name] as? Double)))
      }
    }
  }

  @Test(
    "benchmark needle: one object for each cache and depth; exact keys find a needle that is its query"
  )
  func benchmarkNeedle() throws {
    let outcome = run(
      "benchmark", "needle", "--tokens", "300", "--keys", "4,two-stage-3,qjl-2", "--needles", "9",
      "--cosine", "1", "--dimension", "64", "--json")
    #expect(outcome.exitCode == .done)
    let results = try outcome.objects()
    #expect(results.count == 4 * 5)
    for result in results {
      #expect(
        Set(result.keys) == [
          "keys", "bytes_per_key", "tokens", "depth_percent", "needles", "found",
        ])
      #expect(result["needles"] as? Int == 9)
    }
    // √64 = 8 deviations above the others: even two bits of sketch find most.
    #expect(results.prefix(10).allSatisfy { $0["found"] as? Int == 9 })
    #expect(results.suffix(10).allSatisfy { ($0["found"] as? Int ?? 0) >= 6 })
  }

  @Test(
    "benchmark retrieval: one object for each cache, float32 first; its options change what it runs"
  )
  func benchmarkRetrieval() throws {
    let outcome = run(
      "benchmark", "retrieval", "--tokens", "256,300", "--dimension", "16", "--bits", "2/16,3",
      "--trials", "2", "--needles", "3", "--lead", "3.5", "--bias", "20", "--calibration", "256",
      "--seed", "7", "--json")
    #expect(outcome.exitCode == .done)
    let results = try outcome.objects()
    #expect(results.count == 2 * (1 + 2 * 8))
    for (i, result) in results.enumerated() {
      #expect(
        Set(result.keys) == [
          "dimension", "tokens", "keys", "values", "with", "bytes_per_token", "seed", "trials",
          "trials_found", "needles", "needles_found",
        ])
      #expect(result["tokens"] as? Int == (i < 17 ? 256 : 300))
      #expect(result["dimension"] as? Int == 16 && result["seed"] as? Int == 7)
      #expect(result["trials"] as? Int == 2 && result["needles"] as? Int == 6)
      #expect((0...2).contains(try #require(result["trials_found"] as? Int)))
      #expect((0...6).contains(try #require(result["needles_found"] as? Int)))
    }
    #expect(results[0]["keys"] as? String == "f32" && results[0]["with"] as? String == "exact")
    #expect(results[0]["bytes_per_token"] as? Double == 128.0)
    #expect(results[1]["keys"] as? String == "2 bits" && results[1]["values"] as? String == "f16")
    // 16 codes of 2 bits and a scale, and 16 values of 2 bytes.
    #expect(results[1]["with"] as? String == "codes alone")
    #expect(results[1]["bytes_per_token"] as? Double == 40.0)
  }

  @Test("benchmark attention: the float caches and one object for each rate")
  func benchmarkAttention() throws {
    let outcome = run(
      "benchmark", "attention", "--tokens", "70", "--query-heads", "2", "--kv-heads", "1",
      "--dimension", "32", "--bits", "3.5,4/2", "--equalization", "none,matrix", "--repeats", "2",
      "--json")
    #expect(outcome.exitCode == .done)
    let timings = try outcome.objects()
    func texts(_ name: String) -> [String] { timings.compactMap { $0[name] as? String } }
    #expect(texts("keys") == ["f32", "f16", "3.5 bits", "3.5 bits", "4 bits", "4 bits"])
    #expect(texts("values") == ["f32", "f16", "3.5 bits", "3.5 bits", "2 bits", "2 bits"])
    #expect(texts("equalization") == ["none", "none", "none", "matrix", "none", "matrix"])
    // 32 coordinates a key and a value; codes beside one float32 each.
    #expect(
      timings.compactMap { $0["bytes"] as? Int } == [
        70 * 256, 70 * 128, 70 * 2 * (14 + 4), 70 * 2 * (14 + 4), 70 * (16 + 4 + 8 + 4),
        70 * (16 + 4 + 8 + 4),
      ])
    for timing in timings {
      #expect(
        Set(timing.keys) == [
          "keys", "values", "equalization", "tokens", "dimension", "threads", "repeats", "bytes",
          "query_heads",
          "kv_heads", "step_ms", "speed_over_float32", "speed_over_float16",
          "plain_read_of_float32_ms", "vectors_appended_per_second",
        ])
    }
  }

  @Test("benchmark codec: one object for each dimension and rate")
  func benchmark() throws {
    let outcome = run(
      "benchmark", "codec", "--dimension", "64,96", "--bits", "1,2.5", "--count", "50",
      "--repeats", "3", "--json")
    #expect(outcome.exitCode == .done)
    let timings = try outcome.objects()
    #expect(timings.compactMap { $0["dimension"] as? Int } == [64, 64, 96, 96])
    #expect(timings.compactMap { $0["bits"] as? Double } == [1, 2.5, 1, 2.5])
    for timing in timings {
      #expect(
        Set(timing.keys) == [
          "quantizer", "bits", "dimension", "threads", "count", "repeats", "bytes_per_vector",
          "encode_us_per_vector", "decode_us_per_vector", "copy_us_per_vector",
        ])
      #expect(try #require(timing["encode_us_per_vector"] as? Double) > 0)
    }
  }

  @Test("theory: seven results, every row with its error and verdict")
  func theory() throws {
    let report = try TheoryReport(Theory(seed: 1).result(7))
    let text = try JSON.text([report])
    let results = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    let result = try #require(results.first)
    #expect(
      Set(result.keys) == ["number", "title", "statement", "holds", "rows", "figures"])
    #expect(result["number"] as? Int == 7 && result["holds"] as? Bool == true)
    let rows = try #require(result["rows"] as? [[String: Any]])
    #expect(rows.count == 6)
    for row in rows {
      #expect(
        Set(row.keys) == [
          "quantity", "predicted", "measured", "standard_error", "at_most", "at_least", "agrees",
        ])
      #expect(row["at_most"] is NSNull && row["agrees"] as? Bool == true)
    }
  }

  @Test("encode and verify: what was written and what was read")
  func encode() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(30, 96), to: "x.npy")
    let output = directory.file("x.tqv")
    let encoded = try run("encode", input, "-o", output, "--json").object()
    #expect(encoded["count"] as? Int == 30 && encoded["dimension"] as? Int == 96)
    let verified = try run("verify", output, "--json").object()
    #expect(verified["count"] as? Int == 30)
  }

  @Test("index: what was built, changed and found")
  func index() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(30, 96), to: "x.npy")
    let path = directory.file("x.tqi")
    let built = try run("index", "build", input, "-o", path, "--json").object()
    #expect(
      Set(built.keys) == [
        "output", "count", "dimension", "quantizer", "bits", "metric", "centered", "originals",
        "tags", "bytes_per_vector", "float32_bytes", "file_bytes", "seconds", "rows_per_second",
        "fingerprint",
      ])
    #expect(built["metric"] as? String == "ip" && built["originals"] is NSNull)
    #expect(built["tags"] is NSNull)
    let added = try run("index", "add", path, input, "--json").object()
    #expect(
      Set(added.keys) == [
        "path", "count", "file_bytes", "seconds", "added", "replaced", "removed", "first_id",
        "last_id",
      ])
    #expect(added["first_id"] as? Int == 30 && added["last_id"] as? Int == 59)
    let info = try run("index", "info", path, "--json").object()
    #expect(
      Set(info.keys) == [
        "path", "format", "count", "dimension", "metric", "quantizer", "bits", "centered",
        "originals", "tags", "tag_bytes", "rotation", "sketch", "directions", "seed",
        "bytes_per_vector", "file_bytes",
        "ratio_to_float32", "mse_theory", "certified_search", "fingerprint",
      ])
    #expect(info["tags"] is NSNull && info["tag_bytes"] is NSNull)
    #expect(info["format"] as? String == "tqi" && info["certified_search"] as? Bool == true)
    let verified = try run("index", "verify", path, "--json").object()
    #expect(Set(verified.keys) == ["path", "count", "checked_bytes", "ok"])
  }

  @Test("index search: an object for each query and for each row it found")
  func indexSearch() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(30, 96), to: "x.npy")
    let path = directory.file("x.tqi")
    #expect(run("index", "build", input, "-o", path).exitCode == .done)
    for errors in [[], ["--errors"]] {
      let search = ["index", "search", path, input, "--count", "3", "--json"] + errors
      let report = try run(search).object()
      #expect(
        Set(report.keys) == [
          "index", "rows", "metric", "threads", "seconds", "rerank", "results", "count", "within",
          "exactness", "failure_probability", "finished_fraction",
        ])
      #expect(report["exactness"] as? String == "certified")
      #expect(report["failure_probability"] as? Double == 0.001)
      let results = try #require(report["results"] as? [[String: Any]])
      #expect(results.count == 30)
      for (query, result) in results.enumerated() {
        #expect(Set(result.keys) == ["query", "label", "hits"])
        let hits = try #require(result["hits"] as? [[String: Any]])
        #expect(result["query"] as? Int == query && hits.count == 3)
        for hit in hits {
          #expect(
            Set(hit.keys) == ["id", "tag", "score", "standard_error", "low", "high", "label"])
          #expect(hit["score"] is Double && hit["label"] is NSNull && hit["tag"] is NSNull)
          for field in ["standard_error", "low", "high"] {
            #expect((hit[field] is NSNull) == errors.isEmpty, "\(field)")
          }
        }
      }
    }
  }

  #if !DEBUG
    @Test("demo: measurements as evaluate's, and the searches it shows")
    func demo() throws {
      let report = try run("demo", "--json").object()
      #expect(Set(report.keys) == ["measurements", "search_bits", "searches"])
      let measurements = try #require(report["measurements"] as? [[String: Any]])
      for measurement in measurements { #expect(Set(measurement.keys) == Self.evaluateFields) }
      let searches = try #require(report["searches"] as? [[String: Any]])
      #expect(searches.count == 5)
      for search in searches { #expect(Set(search.keys) == ["query", "exact", "estimated"]) }
    }
  #endif
}
