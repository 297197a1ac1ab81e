import Foundation
import Testing

@testable import Llama

/// The shipped model against PyTorch, which computed in float32 too.
@Suite struct ReferenceTests {
  /// How far two float32 computations of a logit may lie apart: 64 units in the last place.
  ///
  /// Both round the same sums in different orders. The logits are below 32, where a unit is 2^-19.
  /// A logit is the end of 17 matrix products in a row, each of 256 or 704 terms: at two units
  /// each and a root mean square sum, 17 of them make 8 units, and the largest of 330,000 logits
  /// may lie five standard deviations out, at 40.
  static let tolerance: Float = 64 * 0x1p-19

  @Test("Logits of the first and last tokens of a window are PyTorch's")
  func logits() throws {
    let model = try Shipped.model()
    let window = try Shipped.windows()[0]
    var caches = model.makeFloatCaches()
    let logits = try model.forward(window, caches: &caches, logits: .all)
    let width = model.configuration.vocabularySize
    let first: [[Float]] = try Shipped.rows("logits_window0_first64_f32")
    let last: [[Float]] = try Shipped.rows("logits_window0_last16_f32")
    #expect(first.count == 64 && last.count == 16)
    let differences = (
      largestDifference(logits.prefix(64 * width), Array(first.joined())),
      largestDifference(logits.suffix(16 * width), Array(last.joined()))
    )
    #expect((logits.map(abs).max() ?? 0) < 32)
    #expect(differences.0 <= Self.tolerance)
    #expect(differences.1 <= Self.tolerance)
  }

  @Test("The loss at each token is PyTorch's", arguments: [0, 17, 59])
  func losses(index: Int) throws {
    let model = try Shipped.model()
    let window = try Shipped.windows()[index]
    var caches = model.makeFloatCaches()
    var logits = try model.forward(window, caches: &caches, logits: .all)
    let width = model.configuration.vocabularySize
    Vectors.logSoftmax(&logits, width: width)
    let losses = window.indices.dropFirst().map { -logits[($0 - 1) * width + window[$0]] }
    let expected: [[Float]] = try Shipped.rows("token_nll_f32")
    #expect(losses.count == expected[index].count)
    // The logarithm of the softmax moves by at most twice what its logits move by.
    #expect(largestDifference(losses, expected[index]) <= 2 * Self.tolerance)
  }

  @Test("The greedy continuation is PyTorch's, token by token and as text")
  func greedy() throws {
    struct Greedy: Decodable {
      let prompt: String
      let prompt_ids: [Int]
      let greedy_ids: [Int]
      let text: String
    }
    let data = try Data(contentsOf: Shipped.folder.appending(path: "reference/greedy.json"))
    let expected = try JSONDecoder().decode(Greedy.self, from: data)
    let (model, tokenizer) = (try Shipped.model(), try Shipped.tokenizer())
    let prompt = tokenizer.encode(expected.prompt)
    #expect(prompt == expected.prompt_ids)
    var caches = model.makeFloatCaches()
    var sampler = Sampler.greedy
    var tokens = prompt
    let end = try model.generate(
      after: prompt, count: expected.greedy_ids.count - prompt.count, sampler: &sampler,
      caches: &caches
    ) { tokens.append($0) }
    #expect(tokens == expected.greedy_ids)
    #expect(Array(tokenizer.decode(tokens).utf8) == Array(expected.text.utf8))
    #expect(end == .length)
  }

  @Test("One pass, pieces and single tokens lead to the same logits, bit for bit")
  func pieces() throws {
    // Every product sums in the same order however many rows there are; so do the softmax, and
    // the weighted sums, to which tokens that are not seen add zero.
    let model = try Shipped.model()
    let window = Array(try Shipped.windows()[3].prefix(150))
    var caches = model.makeFloatCaches()
    let whole = try model.forward(window, caches: &caches, logits: .all)
    for length in [1, 7, 64] {
      var caches = model.makeFloatCaches()
      var logits: [Float] = []
      for start in stride(from: 0, to: window.count, by: length) {
        let piece = Array(window[start..<min(start + length, window.count)])
        logits += try model.forward(piece, caches: &caches, logits: .all)
      }
      #expect(largestDifference(logits, whole) == 0, "pieces of \(length)")
    }
  }

  @Test("A truncated cache, filled again, is as it was")
  func truncated() throws {
    let model = try Shipped.model()
    let window = Array(try Shipped.windows()[5].prefix(120))
    var caches = model.makeFloatCaches()
    let expected = try model.forward(window, caches: &caches)
    for index in caches.indices { try caches[index].truncate(to: 37) }
    _ = try model.forward([5, 6, 7], caches: &caches)
    for index in caches.indices { try caches[index].truncate(to: 37) }
    let again = try model.forward(Array(window[37...]), caches: &caches)
    #expect(again == expected)
  }
}
