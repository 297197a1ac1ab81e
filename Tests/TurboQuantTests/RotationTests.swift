import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

@Suite struct RotationTests {
  static let dimensions = [1, 2, 3, 7, 16, 33, 64, 65, 80, 100, 128, 200, 384, 1000, 1032, 1536]

  /// Lengths and angles survive, and the inverse undoes it.
  ///
  /// Budget: each of at most 5 · log₂ d levels rounds once and the scalings a few times more, so
  /// errors stay below (6 log₂ d + 20) · 2⁻²⁴ relative to the length; d ≤ 64: d · 2⁻²⁴.
  @Test(arguments: dimensions) func isOrthogonal(_ d: Int) throws {
    var random = RandomStream(seed: UInt64(d), purpose: .testData)
    let x = TestVector.gaussian.draw(d, &random)
    let y = TestVector.oneHot.draw(d, &random)
    let rotation = try Rotation(dimension: d, seed: 9)
    let (u, v) = (try rotation.apply(to: x.span), try rotation.apply(to: y.span))
    let levels = Double(Int.bitWidth - d.leadingZeroBitCount)
    let budget = (6 * levels + 20 + (d <= 64 ? Double(d) : 0)) * 0x1p-24
    #expect(abs(dot(u, u) - 1) <= 2 * budget)
    #expect(abs(dot(u, v) - dot(x, y)) <= 2 * budget)
    let back = try rotation.applyInverse(to: u.span)
    let error = zip(back, x).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    #expect(error.squareRoot() <= 2 * budget)
  }

  @Test func kindsAndLimits() throws {
    #expect(try Rotation(dimension: 64, seed: 0).kind == .haar)
    #expect(try Rotation(dimension: 65, seed: 0).kind == .hadamard)
    #expect(try Rotation(dimension: 100, kind: .haar, seed: 0).kind == .haar)
    #expect(throws: CodecError.self) { try Rotation(dimension: 64, kind: .hadamard, seed: 0) }
    #expect(throws: CodecError.self) { try Rotation(dimension: 0, seed: 0) }
    #expect(throws: CodecError.self) { try Rotation(dimension: -3, seed: 0) }
    #expect(throws: CodecError.self) { try Rotation(dimension: 1 << 25, seed: 0) }
    #expect(throws: CodecError.self) { try Rotation(dimension: 1 << 20, kind: .haar, seed: 0) }
    let rotation = try Rotation(dimension: 5, seed: 0)
    #expect(throws: CodecError.self) { try rotation.apply(to: [1, 2, 3].span) }
  }

  @Test func seedsDecide() throws {
    for d in [20, 100] {
      let x = [Float](repeating: 1, count: d)
      let a = try Rotation(dimension: d, seed: 1).apply(to: x.span)
      #expect(try Rotation(dimension: d, seed: 1).apply(to: x.span) == a)
      #expect(try Rotation(dimension: d, seed: 2).apply(to: x.span) != a)
    }
  }

  /// Wherever a unit of energy begins, each coordinate ends with 1/d of it in expectation over the
  /// signs: the squares of each step's matrix multiply to a matrix of equal entries.
  @Test(arguments: [65, 80, 100, 128, 200, 384, 1000, 1032]) func energiesAreEven(_ d: Int) {
    let steps = HadamardSteps.steps(dimension: d)
    for start in [0, 1, d / 3, d / 2, d - 2, d - 1] {
      var energy = [Double](repeating: 0, count: d)
      energy[start] = 1
      for step in steps {
        switch step {
        case .hadamard(let offset, let count, _):
          let mean = energy[offset..<offset + count].reduce(0, +) / Double(count)
          for i in offset..<offset + count { energy[i] = mean }
        case .givens(let offset, let count, let cosine, let sine):
          let (c, s) = (Double(cosine) * Double(cosine), Double(sine) * Double(sine))
          for i in 0..<count {
            let (a, b) = (energy[i], energy[offset + i])
            energy[i] = c * a + s * b
            energy[offset + i] = s * a + c * b
          }
        }
      }
      // Sine and cosine are rounded to float32.
      for value in energy { #expect(abs(value * Double(d) - 1) <= 1e-6) }
    }
  }

  /// A Haar matrix: orthogonal to float32, and with entries, traces and pair products that have
  /// the moments of the Haar measure, within 4.5 standard errors over seeds.
  @Test func haarHasHaarsMoments() throws {
    let d = 6
    var trace = Statistics()
    var fourth = Statistics()
    var corner = Statistics()
    for seed in 0..<UInt64(draws(20_000)) {
      var stream = RandomStream(seed: seed, purpose: .rotation)
      let q = Orthogonal.haar(dimension: d, from: &stream).map { Double($0) }
      trace.add((0..<d).reduce(0) { $0 + q[$1 * d + $1] })
      fourth.add(q[d + 3] * q[d + 3] * q[d + 3] * q[d + 3])
      corner.add(q[0])
      if seed < 50 {
        for i in 0..<d {
          for j in 0..<d {
            let product = (0..<d).reduce(0) { $0 + q[i * d + $1] * q[j * d + $1] }
            #expect(abs(product - (i == j ? 1 : 0)) <= 6 * 0x1p-24)
          }
        }
      }
    }
    // E tr = 0, E tr² = 1, E q⁴ = 3/(d(d+2)), E q₁₁ = 0.
    #expect(abs(trace.mean) <= 4.5 * trace.standardError)
    #expect(abs(trace.variance - 1) <= 4.5 * (2 / Double(trace.count)).squareRoot())
    #expect(abs(fourth.mean - 3 / Double(d * (d + 2))) <= 4.5 * fourth.standardError)
    #expect(abs(corner.mean) <= 4.5 * corner.standardError)
  }
}
