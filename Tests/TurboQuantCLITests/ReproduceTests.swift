import Foundation
import Testing
import TurboQuant

@testable import TurboQuantCLI

@Suite("reproduce")
struct ReproduceTests {
  @Test("Every quantizer on one's own vectors; other parts stay away")
  func search() throws {
    let directory = try TemporaryDirectory()
    let base = try directory.write("x.npy", gaussianNpy(200, 48))
    let queries = try directory.write("q.npy", gaussianNpy(20, 48))
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

  @Test("Pairs have the cosine asked for", arguments: [0.0, 0.5, 1])
  func pairs(cosine: Double) throws {
    // Eight bits of codes are within a hundredth of the truth.
    let codec = try Codec(dimension: 64, rate: .bits(8))
    let pairs = UnitPairs(50, dimension: 64, cosine: cosine, seed: 3)
    for estimate in try pairs.estimates(codec, .renormalized) {
      #expect(abs(estimate - cosine) < 0.01)
    }
  }

  @Test("A histogram counts every error once")
  func histogram() {
    let histogram = ProductRow.Histogram([-1, -0.5, 0, 0.5, 1, 100])
    #expect(histogram.counts.reduce(0, +) == 6)
    #expect(histogram.counts.count == 60 && abs(histogram.first + 30 * histogram.width) < 1e-9)
    #expect(ProductRow.Histogram([0, 0]).counts[30] == 2)
  }

  @Test("What is left of an error without its bias")
  func variance() {
    var agreement = Agreement()
    for (truth, noise) in [(1.0, 0.1), (2.0, -0.1), (-1.0, 0.1), (-2.0, -0.1)] {
      agreement.addPair(estimate: 0.5 * truth + 0.5 * noise, truth: truth, scale: 1)
    }
    // The noise, ±.1, has nothing to do with the truth.
    #expect(abs(agreement.slope - 0.5) < 1e-12)
    #expect(abs(agreement.varianceOverSlope - 0.01) < 1e-12)
  }
}
