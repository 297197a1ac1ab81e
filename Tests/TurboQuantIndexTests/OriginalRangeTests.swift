import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

/// Vectors that half precision cannot hold are refused, not cut or lost.
@Suite struct OriginalRangeTests {
  private let kind: IndexKind
  private let d = 32

  init() throws {
    kind = try IndexKind(dimension: 32, bits: 4, metric: .cosine, originals: .float16)
  }

  private func refusal(_ vectors: [Float]) -> IndexError? {
    failure { () throws(IndexError) in
      var index = try VectorIndex(
        codec: kind.codec, metric: kind.metric, mean: kind.mean, originals: kind.originals)
      do throws(IndexError) {
        try index.add(vectors)
      } catch {
        #expect(index.isEmpty)
        throw error
      }
    }
  }

  @Test("A coordinate beyond the largest half", arguments: [65520, -65520, 1e5, -3e38] as [Float])
  func beyond(value: Float) throws {
    var dice = Dice(seed: 51)
    var vectors = dice.normals(4 * d)
    vectors[2 * d + 7] = value
    let error = try #require(refusal(vectors))
    #expect(error.kind == .beyondHalfPrecision(value: value, row: 2, column: 7))
    #expect(error.description.contains("row 2 goes beyond the largest float16, 65504, in column 7"))
    #expect(error.description.contains("float32"))
    // What rounds to the largest half stays.
    vectors[2 * d + 7] = value < 0 ? -65519.996 : 65519.996
    #expect(try kind.index(vectors).original(2)[7].magnitude == 65504)
    vectors[2 * d + 7] = value
    let exact = try IndexKind(dimension: 32, bits: 4, metric: .cosine, originals: .float32)
    #expect(try exact.index(vectors).original(2) == Array(vectors[2 * d..<3 * d]))
  }

  @Test("A row that rounding would move by more than 2⁻¹⁰ of its length")
  func short() throws {
    var refused = 0
    for exponent in -40...0 {
      var dice = Dice(seed: 52)
      let factor = Float(sign: .plus, exponent: exponent, significand: 1)
      let vectors = dice.normals(20 * d, scale: factor)
      var moves: [Double] = []
      for row in 0..<20 {
        let x = Array(vectors[row * d..<(row + 1) * d])
        let rounded = throughHalves(x)
        let moved = zip(x, rounded).map { Double($0) - Double($1) }
        moves.append(length(moved) / length(x.map { Double($0) }))
        if moves[row] > 0x1p-10 {
          refused += 1
          let error = try #require(refusal(x))
          guard case .beyondHalfPrecision(let value, row: 0, let column) = error.kind else {
            Issue.record("\(error)"); return
          }
          #expect(value == x[column] && error.description.contains("is so short"), "\(error)")
        } else {
          #expect(try kind.index(x).original(0) == rounded)
        }
      }
      guard let first = moves.firstIndex(where: { $0 > 0x1p-10 }) else { continue }
      guard case .beyondHalfPrecision(_, row: first, _) = try #require(refusal(vectors)).kind else {
        Issue.record("not row \(first)"); return
      }
    }
    // At 2⁻⁴⁰ everything becomes 0, at 1 nothing is lost.
    #expect(refused >= 20 * 15 && refused < 20 * 30)
  }

  private func length(_ x: [Double]) -> Double {
    x.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private func throughHalves(_ x: [Float]) -> [Float] {
    let halves = x.map { float16Bits($0) }
    var floats = x
    var target = floats.mutableSpan
    widen(halves.span, into: &target, at: 0)
    return floats
  }

  @Test func zeroAndWhatIsNoNumber() throws {
    let plain = try IndexKind(dimension: 32, bits: 4, originals: .float16)
    #expect(try plain.index([Float](repeating: 0, count: d)).original(0).allSatisfy { $0 == 0 })
    for value in [Float.nan, .infinity, -.infinity] {
      var vectors = [Float](repeating: 1, count: 2 * d)
      vectors[d + 3] = value
      let error = failure { () throws(IndexError) in try plain.index(vectors) }
      guard case .codec(let reason) = error?.kind, case .notFinite(_, 1, 3) = reason.kind else {
        Issue.record("\(String(describing: error))"); return
      }
    }
  }

  @Test func upsertRefusesToo() throws {
    var dice = Dice(seed: 53)
    let good = dice.normals(2 * d)
    var index = try kind.index(good)
    let before = index
    let error = failure { () throws(IndexError) in
      try index.upsert(good.map { $0 * 1e6 }, ids: [0, 1])
    }
    guard case .beyondHalfPrecision(_, row: 0, _) = error?.kind else {
      Issue.record("\(String(describing: error))"); return
    }
    #expect(try index.original(0) == before.original(0) && index.original(1) == before.original(1))
    #expect(error?.addingRows(5).description.contains("row 5 ") == true)
  }

  @Test("Originals of both kinds come back whole after many changes")
  func kept() throws {
    for originals in Originals.allCases {
      var dice = Dice(seed: 54)
      let kind = try IndexKind(dimension: 5, bits: 1, originals: originals)
      let vectors = dice.normals(5 * 5000)
      var index = try kind.index(vectors)
      try index.remove([0, 4096])
      try index.upsert(Array(vectors[..<5]), ids: [4096])
      for id in [1, 4095, 4096, 4999] {
        let x = Array(vectors[(id == 4096 ? 0 : 5 * id)...].prefix(5))
        let kept = try index.original(UInt64(id))
        #expect(kept == (originals == .float16 ? throughHalves(x) : x))
      }
    }
  }
}
