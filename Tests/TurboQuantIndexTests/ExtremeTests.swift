import Synchronization
import TestSupport
import Testing
import TurboQuant
import TurboQuantKernels

@testable import TurboQuantIndex

@Suite struct ExtremeTests {
  @Test("Lengths whose scores float32 cannot hold are refused", arguments: [1, 2, 3, 4, 8])
  func tooLong(bits: Int) throws {
    var dice = Dice(seed: 1)
    for metric in [Metric.innerProduct, .squaredEuclidean] {
      let kind = try IndexKind(dimension: 65, bits: bits, metric: metric)
      var index = try kind.index(dice.normals(65 * 3))
      let long = dice.normals(65, scale: 0x1p62)
      let row = failure { () throws(IndexError) in try index.add(dice.normals(65) + long) }
      guard case .normOutOfRange(_, row: 1) = row?.kind else {
        Issue.record("\(String(describing: row))"); return
      }
      failure { () throws(IndexError) in try index.upsert(long, ids: [0]) }
      let query = failure { () throws(IndexError) in
        try index.search(dice.normals(65) + long, count: 1)
      }
      guard case .normOutOfRange(_, row: 1) = query?.kind else {
        Issue.record("\(String(describing: query))"); return
      }
      #expect(index.count == 3)
    }
    let index = try IndexKind(dimension: 65, bits: bits).index(dice.normals(65 * 3))
    failure { () throws(IndexError) in try index.search(dice.normals(65, scale: 1e-30), count: 1) }
    failure { () throws(IndexError) in try VectorIndex(dimension: 2, mean: [0x1p63, 0]) }
  }

  @Test(
    "The order is the same at the ends of the range", arguments: [1, 2, 3, 4, 8], [false, true])
  func scaled(bits: Int, isTwoStage: Bool) throws {
    for metric in [Metric.innerProduct, .squaredEuclidean] {
      var dice = Dice(seed: 2)
      let kind = try IndexKind(
        dimension: 65, bits: bits + (isTwoStage ? 1 : 0), metric: metric, isTwoStage: isTwoStage)
      let (rows, q) = (dice.normals(65 * 200), dice.normals(65))
      let plain = try kind.index(rows).search(q, count: 200)[0]
      // Powers of two, so that every product and square is only moved. At 2⁵⁸ a norm is about 2⁶¹; at
      // 2⁻⁵² squares are above the smallest normal number, 2⁻¹²⁶, and scores have all their bits.
      for exponent in [58, -52] {
        let factor = Float(sign: .plus, exponent: exponent, significand: 1)
        let scaled = try kind.index(rows.map { $0 * factor }).search(
          q.map { $0 * factor }, count: 200)[0]
        #expect(scaled.allSatisfy { $0.score.isFinite })
        #expect(scaled.map(\.id) == plain.map(\.id))
        #expect(scaled.map { $0.score / factor / factor } == plain.map(\.score))
      }
    }
  }

  @Test("Cosines do not depend on lengths, however large or small", arguments: [1, 2, 3, 4, 8])
  func cosines(bits: Int) throws {
    var dice = Dice(seed: 3)
    let (rows, q) = (dice.normals(65 * 100), dice.normals(65))
    for mean in [nil, dice.normals(65, scale: 0.1)] {
      let kind = try IndexKind(
        dimension: 65, bits: bits, metric: .cosine, mean: mean, originals: .float32)
      let plain = try kind.index(rows).search(q, count: 100)[0]
      for exponent in [120, -100] {
        let factor = Float(sign: .plus, exponent: exponent, significand: 1)
        let index = try kind.index(rows.map { $0 * factor })
        let scaled = try index.search(q.map { $0 * factor }, count: 100)[0]
        #expect(scaled == plain)
        let options = SearchOptions.signsFirst(exactness: .exhaustive, rerank: 100)
        let exact = try index.search(q.map { $0 * factor }, count: 100, options: options)[0]
        #expect(exact.allSatisfy { abs($0.score) <= 1 } && exact.count == 100)
      }
    }
  }

  @Test("Rows shorter than any normal number stay in the index")
  func tiny() throws {
    var dice = Dice(seed: 4)
    for metric in Metric.allCases {
      let kind = try IndexKind(dimension: 65, bits: 4, metric: metric)
      let index = try kind.index(dice.normals(65 * 80, scale: 0x1p-140))
      // Long enough that float32 holds products with rows of some 2⁻¹³⁷.
      let hits = try index.search(dice.normals(65, scale: 0x1p20), count: 100)[0]
      #expect(hits.count == 80 && hits.allSatisfy { $0.score.isFinite })
    }
  }
}

@Suite struct HalfPrecisionTests {
  private func widened(_ halves: [UInt16]) -> [Float] {
    var floats = [Float](repeating: 0, count: halves.count)
    var target = floats.mutableSpan
    widen(halves.span, into: &target, at: 0)
    return floats
  }

  @Test func everyFiniteHalfComesBack() {
    let halves = (0...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
    for (half, value) in zip(halves, widened(halves)) { #expect(float16Bits(value) == half) }
  }

  @Test func valuesBeyondTheRangeBecomeTheLargest() {
    for value: Float in [65504, 65519.996, 65520, 65536, 1e10, .greatestFiniteMagnitude] {
      #expect(float16Bits(value) == 0x7BFF && float16Bits(-value) == 0xFBFF)
    }
  }

  @Test func valuesBetweenGoToTheNearerAndTiesToEven() {
    // Between each two neighbours: the middle, and the floats on either side of it.
    let values = widened(Array(0...0x7BFF))
    for low in 0..<0x7BFF {
      let middle = (values[low] + values[low + 1]) / 2
      for (value, expected) in [
        (middle.nextDown, low), (middle, low + low % 2), (middle.nextUp, low + 1),
      ] {
        #expect(float16Bits(value) == UInt16(expected))
        #expect(float16Bits(-value) == UInt16(expected) | 0x8000)
        #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
          #expect(Float16(value).bitPattern == UInt16(expected))
        #endif
      }
    }
    #expect(float16Bits(.leastNonzeroMagnitude) == 0)
  }

  @Test(arguments: KernelTarget.available)
  func manyAtOnceAreEachRounded(_ target: KernelTarget) {
    let patterns = stride(from: UInt32(0), through: .max, by: 0x1_0FFF).map { $0 }
    let values = patterns.map { Float(bitPattern: $0) }
    let halves = Kernels(target).float16s(of: values.span)
    let finite = widened(Array(0...0x7BFF))
    let ties = zip(finite, finite.dropFirst()).map { ($0 + $1) / 2 }
    #expect(halves == values.map(float16Bits))
    #expect(Kernels(target).float16s(of: ties.span) == ties.map(float16Bits))
    #expect(Kernels(target).float16s(of: [Float]().span) == [])
  }

  @Test func originalsAreTheVectorsRounded() throws {
    var dice = Dice(seed: 5)
    let vectors = dice.normals(40 * 30, scale: 100)
    let index = try IndexKind(dimension: 30, bits: 1, originals: .float16).index(vectors)
    let expected = widened(vectors.map(float16Bits))
    for id in 0..<40 {
      #expect(try index.original(UInt64(id)) == Array(expected[id * 30..<(id + 1) * 30]))
    }
  }
}

@Suite struct SameResultsTests {
  /// Enough segments for eight threads to get a share each.
  @Test(
    "Results do not depend on the number of threads", arguments: [1, 2, 3, 4, 8], [false, true])
  func threads(bits: Int, isTwoStage: Bool) throws {
    var dice = Dice(seed: UInt64(bits))
    let kind = try IndexKind(
      dimension: 64, bits: bits + (isTwoStage ? 1 : 0), metric: .squaredEuclidean,
      isTwoStage: isTwoStage)
    // Rows drawn from few, so that there are ties for threads to disagree on.
    let pool = dice.normals(64 * 500)
    var vectors: [Float] = []
    for row in 0..<33_000 {
      let start = 64 * (row < 500 ? row : dice.below(500))
      vectors += pool[start..<start + 64]
    }
    let index = try kind.index(vectors)
    for (queryCount, count) in [(1, 30), (9, 5), (75, 3)] {
      let queries = dice.normals(64 * queryCount)
      for exactness in [Exactness.exhaustive, .certified()] {
        var options = SearchOptions.signsFirst(exactness: exactness)
        let one = try index.searchWithStatistics(queries, count: count, options: options)
        options.filter = .predicate { $0 % 3 != 0 }
        let filtered = try index.searchWithStatistics(queries, count: count, options: options)
        for threads in [2, 8, 0, .max] {
          options.threads = threads
          let many = try index.searchWithStatistics(queries, count: count, options: options)
          #expect(many.hits == filtered.hits && many.statistics == filtered.statistics)
          let all = SearchOptions.signsFirst(exactness: exactness, threads: threads)
          #expect(try index.search(queries, count: count, options: all) == one.hits)
        }
      }
    }
  }

  @Test("Results do not depend on the kernel target", arguments: [1, 2, 3, 4, 8], [false, true])
  func targets(bits: Int, isTwoStage: Bool) throws {
    for dimension in [9, 65, 384] {
      var dice = Dice(seed: UInt64(dimension))
      var codec = try Codec(
        dimension: dimension, rate: .bits(bits + (isTwoStage ? 1 : 0)),
        quantizer: isTwoStage ? .twoStage() : .scalar, seed: 5)
      let (vectors, queries) = (dice.normals(dimension * 1100), dice.normals(dimension * 5))
      var first: [[Hit]]?
      for target in KernelTarget.available {
        codec.kernels = Kernels(target)
        for exactness in [Exactness.exhaustive, .certified()] {
          var index = try VectorIndex(codec: codec, metric: .squaredEuclidean)
          try index.add(vectors)
          let options = SearchOptions.signsFirst(exactness: exactness)
          let hits = try index.search(queries, count: 40, options: options)
          // That a certified search leaves nothing out here is a matter of this seed.
          #expect(hits == first ?? hits, "\(target.name), d = \(dimension)")
          first = first ?? hits
        }
      }
    }
  }

  @Test("A predicate is asked once for each row")
  func predicates() throws {
    var dice = Dice(seed: 6)
    let index = try IndexKind(dimension: 8, bits: 4).index(dice.normals(8 * 100))
    let asked = Mutex<[UInt64]>([])
    let isAllowed: @Sendable (UInt64) -> Bool = { id in
      asked.withLock { $0.append(id) }
      return true
    }
    let options = SearchOptions(filter: .predicate(isAllowed), threads: 3)
    _ = try index.search(dice.normals(8 * 20), count: 3, options: options)
    #expect(asked.withLock { $0 } == Array(0..<100))
  }
}
