import Foundation
import Testing
import TurboQuant

/// The README's example, compiled here and run; the test below holds the two texts together.
private func example(_ vectors: [Float], _ q: [Float]) throws -> (Estimate, [Float]) {
  // README begins
  let codec = try Codec(dimension: 384, rate: .bits(4), seed: 42)
  let codes = try codec.encode(vectors.span)  // rows × 384 floats
  let query = try codec.prepare(q.span)
  let estimate = try codec.estimate(query, codes[0])  // estimate.value ± estimate.standardError
  let decoded = try codec.decode(codes)
  // README ends
  return (estimate, decoded)
}

@Suite struct ReadmeTests {
  @Test("The README's example is this file's, and works")
  func snippet() throws {
    let file = URL(filePath: #filePath)
    let root = file.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let source = try String(contentsOf: file, encoding: .utf8)
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let begin = try #require(lines.firstIndex(of: "  // README begins"))
    let end = try #require(lines.firstIndex(of: "  // README ends"))
    let snippet = lines[(begin + 1)..<end].map { $0.dropFirst(2) }.joined(separator: "\n")
    #expect(readme.contains("```swift\nimport TurboQuant\n\n\(snippet)\n```"))

    // A constant vector with itself: ⟨x, q⟩ = 384, estimated within what 4 bits allow.
    let ones = [Float](repeating: 1, count: 384)
    let (estimate, decoded) = try example(ones + ones, ones)
    #expect(abs(estimate.value - 384) < 6 * Double(estimate.standardError) + 384e-6)
    #expect(decoded.count == 2 * 384)
  }
}
