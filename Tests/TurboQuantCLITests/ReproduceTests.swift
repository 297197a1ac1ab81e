import Foundation
import TestSupport
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

@Suite("reproduce")
struct ReproduceTests {
  @Test("Every quantizer on one's own vectors; other parts stay away")
  func search() throws {
    let directory = try Scratch()
    let base = try directory.write(gaussianNpy(200, 48), to: "x.npy")
    let queries = try directory.write(gaussianNpy(20, 48), to: "q.npy")
    let outcome = run(
      "reproduce", "--only", "search", "--base", base, "--queries", queries, "--json")
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let report = try #require(object as? [String: Any])
    #expect(Set(report.keys) == ["seed", "threads", "search"])
    let rows = try #require(report["search"] as? [[String: Any]])
    #expect(rows.count == SearchRow.configurations(dimension: 48).count)
    for row in rows {
      #expect(
        Set(row.keys) == [
          "quantizer", "bits", "estimator", "bytes_per_vector", "distortion",
          "product_variance_times_d", "slope", "recall_at_10", "recall_1_at_k", "dimension",
          "count", "queries",
        ])
      let recall = try #require(row["recall_1_at_k"] as? [Double])
      #expect(recall.count == SearchRow.places.count && recall == recall.sorted())
    }
    let polar = try #require(rows.last)
    #expect(polar["quantizer"] as? String == "polar" && polar["bits"] as? Double == 4)
    let text = run("reproduce", "--only", "search", "--base", base, "--queries", queries).output
    #expect(text.contains("two-stage") && text.split(separator: "\n").count == rows.count + 1)
  }

  @Test(
    "Wrong use is refused",
    arguments: [["--only", "everything"], ["--base", "x.npy"], ["--queries", "x.npy"]])
  func refusals(_ words: [String]) {
    let outcome = run(["reproduce"] + words)
    #expect(outcome.exitCode == .wrongUse && outcome.output.isEmpty)
  }
}
