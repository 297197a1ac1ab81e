import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

/// Scans through the Swift face against a plain model: rows of codes, and for each coordinate what each
/// code is worth.
///
/// All of them add whole numbers exactly and round once, at the end.
@Suite struct IndexBlocksTests {
  static let dimensions = [1, 7, 8, 9, 31, 33, 100, 389, 1030]

  /// Random rows of codes, and their blocks.
  struct Rows {
    let shape: BlockShape
    let codes: [[Int]]
    let signs: AlignedBytes
    let rest: AlignedBytes

    var blockCount: Int { codes.count / 32 }

    init(dimension: Int, bits: Int, blocks: Int, generator: inout TestFloats.Generator) {
      let shape = BlockShape(dimension: dimension, bits: bits)
      self.shape = shape
      codes = (0..<32 * blocks).map { _ in
        (0..<dimension).map { _ in generator.int(below: 1 << bits) }
      }
      var signs = AlignedBytes(byteCount: blocks * shape.signByteCount)
      var rest = AlignedBytes(byteCount: blocks * shape.restByteCount)
      for (row, own) in codes.enumerated() {
        var signBytes = signs.mutableBytes
        var restBytes = rest.mutableBytes
        shape.spread(
          Rows.packed(own, bits: bits).span.raw, at: 0, row: row % 32, signs: &signBytes,
          at: row / 32 * shape.signByteCount, rest: &restBytes,
          at: row / 32 * shape.restByteCount)
      }
      self.signs = signs
      self.rest = rest
    }

    /// Code i in bits i · `bits` …, the lowest bit of a byte first.
    static func packed(_ codes: [Int], bits: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: (codes.count * bits + 7) / 8)
      for (i, code) in codes.enumerated() {
        for k in 0..<bits where code >> k & 1 == 1 {
          bytes[(i * bits + k) / 8] |= 1 << ((i * bits + k) % 8)
        }
      }
      return bytes
    }

    /// ⟨codes, weights⟩ of each row and query, where `worth` says what a code of a coordinate is worth.
    func sums(queryCount: Int, worth: (_ query: Int, _ i: Int, _ code: Int) -> Int) -> [Float] {
      (0..<queryCount).flatMap { query in
        codes.map { row in
          Float(row.enumerated().reduce(0) { $0 + worth(query, $1.offset, $1.element) })
        }
      }
    }

    /// What `body` writes for these blocks.
    func scanned(
      queryCount: Int,
      _ body: (borrowing IndexBlocks, inout MutableSpan<Float>, _ stride: Int) -> Void
    ) -> [Float] {
      var sums = [Float](repeating: .nan, count: queryCount * codes.count)
      var output = sums.mutableSpan
      body(
        IndexBlocks(shape, signs: signs.bytes, rest: rest.bytes, count: blockCount), &output,
        codes.count)
      return sums
    }
  }

  @Test(arguments: dimensions, [1, 2, 3, 4, 8])
  func aRowComesBack(dimension: Int, bits: Int) {
    var generator = TestFloats.Generator(state: UInt64(dimension * 10 + bits))
    let rows = Rows(dimension: dimension, bits: bits, blocks: 1, generator: &generator)
    for (row, codes) in rows.codes.enumerated() {
      let packed = rows.shape.packed(row: row, signs: rows.signs.bytes, rest: rows.rest.bytes)
      #expect(packed == Rows.packed(codes, bits: bits), "row \(row)")
    }
  }

  /// Four bits of a plane share an entry of at most 127.
  @Test(arguments: KernelTarget.available, dimensions)
  func scanLUT(_ target: KernelTarget, dimension: Int) {
    for (bits, codeBits) in [(1, 1), (1, 4), (2, 2)] {
      for queryCount in 1...BlockShape.tableQueries {
        let seed = UInt64(dimension * 100 + bits * 10 + queryCount)
        var generator = TestFloats.Generator(state: seed)
        let rows = Rows(
          dimension: dimension, bits: codeBits, blocks: dimension < 100 ? 2 : 1,
          generator: &generator)
        let coordinates = rows.shape.columns * 8
        // What a bit of a plane is worth, clear or set.
        let values = (0..<queryCount * coordinates * bits * 2).map { _ in generator.int(below: 32) }
        let worth = { (query: Int, i: Int, code: Int) in
          (0..<bits).reduce(0) { sum, p in
            let bit = code >> (codeBits - 1 - p) & 1
            return sum + values[((query * coordinates + i) * bits + p) * 2 + bit]
          }
        }
        // Beyond the dimension every code is zero.
        let beyond = (0..<queryCount).map { query in
          (dimension..<coordinates).reduce(0) { $0 + worth(query, $1, 0) }
        }
        let expected = rows.sums(queryCount: queryCount) {
          worth($0, $1, $2) + ($1 == 0 ? beyond[$0] : 0)
        }
        let tables = Self.tables(
          bits: bits, columns: rows.shape.columns, queryCount: queryCount, values)
        let found = rows.scanned(queryCount: queryCount) {
          Kernels(target).scanLUT(
            $0, bits: bits, tables: tables.span, queryCount: queryCount, into: &$1, stride: $2)
        }
        #expect(found == expected, "\(bits) of \(codeBits) bits, seed \(seed)")
      }
    }
  }

  /// The tables whose entries add what bits are worth, as the comment at `fill_lookup_tables` lays them out.
  private static func tables(bits: Int, columns: Int, queryCount: Int, _ values: [Int]) -> [UInt8] {
    let groups = (columns + 3) / 4
    return (0..<queryCount * groups).flatMap { group in
      (0..<2 * bits).flatMap { kind in
        (0..<4).flatMap { inside in
          let (query, column, plane) = (group / groups, group % groups * 4 + inside, kind / 2)
          return (0..<16).map { entry -> UInt8 in
            guard column < columns else { return 0 }
            var sum = 0
            for k in 0..<4 {
              let i = (query * columns + column) * 8 + kind % 2 * 4 + k
              let bit = entry >> ((k + plane) % 4) & 1
              sum += values[(i * bits + plane) * 2 + bit]
            }
            return UInt8(sum)
          }
        }
      }
    }
  }

  /// Entries are sums of ± factor · u in the step that the meaning names, each rounded by half of it.
  @Test(arguments: [1, 7, 8, 64, 100, 384], [[1], [1.2, 0.4]] as [[Float]])
  func lookupTables(dimension: Int, factors: [Float]) throws {
    let u = Array(TestFloats.unaligned(dimension, seed: UInt64(dimension)).prefix(dimension))
    var entries: [UInt8] = []
    let tables = LookupTables(factors: factors)
    let meaning = tables.append(u.span, to: &entries, Kernels(KernelTarget.available[0]))
    for target in KernelTarget.available {
      var same: [UInt8] = []
      _ = tables.append(u.span, to: &same, Kernels(target))
      #expect(same == entries, "\(target)")
    }
    #expect(meaning.count == (dimension + 7) / 8 * 2 * factors.count)
    var generator = TestFloats.Generator(state: 7)
    for _ in 0..<20 {
      let signs = (0..<dimension * factors.count).map { _ in generator.int(below: 2) }
      var (sum, exact) = (0, 0.0)
      for nibble in 0..<(dimension + 7) / 8 * 2 {
        for (p, factor) in factors.enumerated() {
          var entry = 0
          for k in 0..<4 where 4 * nibble + k < dimension {
            let sign = signs[(4 * nibble + k) * factors.count + p]
            entry |= sign << ((k + p) % 4)
            exact += (sign == 1 ? 1 : -1) * Double(factor) * Double(u[4 * nibble + k])
          }
          let (column, half) = (nibble / 2, nibble % 2)
          let kind = (column / 4 * factors.count + p) * 2 + half
          sum += Int(entries[16 * (kind * 4 + column % 4) + entry])
        }
      }
      let error = abs(meaning.step * Double(sum) + meaning.offset - exact)
      // Half a step an entry, and float32's rounding of what is rounded.
      #expect(error <= meaning.step * Double(meaning.count) * (0.5 + 0x1p-14), "\(dimension)")
    }
  }

  /// Weights of all queries in the order of `product_sums`.
  private static func ordered(_ weights: [Int], dimension: Int, _ shape: BlockShape) -> [Int] {
    var ordered = [Int](repeating: 0, count: weights.count / dimension * shape.weightCount)
    for (place, weight) in weights.enumerated() {
      let (query, i) = (place / dimension, place % dimension)
      ordered[
        query * shape.weightCount + i / 32 * 32 + i % 4 * 8 + i / 4 % 2 * 4 + i / 8 % 4] = weight
    }
    return ordered
  }

  @Test(arguments: KernelTarget.available, dimensions)
  func scanInt8(_ target: KernelTarget, dimension: Int) {
    for bits in [3, 4] {
      for queryCount in [1, 3, BlockShape.productQueries] {
        let seed = UInt64(dimension * 1000 + bits * 100 + queryCount)
        var generator = TestFloats.Generator(state: seed)
        let rows = Rows(
          dimension: dimension, bits: bits, blocks: dimension < 100 ? 2 : 1, generator: &generator)
        let centroids = (0..<16).map { _ in UInt8(generator.int(below: 128)) }
        let weights = (0..<queryCount * dimension).map { _ in generator.int(below: 129) - 64 }
        let ordered = Self.ordered(weights, dimension: dimension, rows.shape).map { Int8($0) }
        let found = rows.scanned(queryCount: queryCount) {
          Kernels(target).scanInt8(
            $0, centroids: centroids.span, weights: ordered.span, queryCount: queryCount, into: &$1,
            stride: $2)
        }
        let expected = rows.sums(queryCount: queryCount) {
          weights[$0 * dimension + $1] * Int(centroids[$2])
        }
        #expect(found == expected, "\(bits) bits, seed \(seed)")
      }
    }
  }

  @Test(arguments: KernelTarget.available, dimensions)
  func scanInt16(_ target: KernelTarget, dimension: Int) {
    for queryCount in [1, 3, BlockShape.productQueries] {
      let seed = UInt64(dimension * 100 + queryCount)
      var generator = TestFloats.Generator(state: seed)
      let rows = Rows(
        dimension: dimension, bits: 8, blocks: dimension < 100 ? 2 : 1, generator: &generator)
      let magnitudes = (0..<128).map { _ in UInt16(generator.int(below: 4096)) }
      let centroids = magnitudes.reversed().map { -Int($0) } + magnitudes.map { Int($0) }
      let weights = (0..<queryCount * dimension).map { _ in generator.int(below: 8191) - 4095 }
      let ordered = Self.ordered(weights, dimension: dimension, rows.shape).map { Int16($0) }
      let found = rows.scanned(queryCount: queryCount) {
        Kernels(target).scanInt16(
          $0, magnitudes: magnitudes.span, weights: ordered.span, queryCount: queryCount,
          into: &$1, stride: $2)
      }
      let expected = rows.sums(queryCount: queryCount) {
        weights[$0 * dimension + $1] * centroids[$2]
      }
      #expect(found == expected, "seed \(seed)")
    }
  }

  @Test(arguments: KernelTarget.available, [0, 1, 15, 16, 17, 70])
  func similaritiesAndSelection(_ target: KernelTarget, count: Int) {
    let kernels = Kernels(target)
    let sums = TestFloats.unaligned(count, seed: 15)
    let norms = TestFloats.unaligned(count, seed: 16)
    let alignments = TestFloats.unaligned(count, seed: 17).map { abs($0) }
    let along = TestFloats.unaligned(count, seed: 19)
    let addends = TestFloats.unaligned(count, seed: 20)
    let allowed: [UInt32] = [0xf0f3_5a91, 0x1234_0ff0, 0xffff_0001]
    for kinds in 0..<64 {
      let f = SimilarityFactors(
        step: 0.37, offset: -1.25, normFactor: kinds & 16 > 0 ? 0.61 : 0,
        constant: kinds & 32 > 0 ? 0.09 : 0, alongFactor: -0.83)
      let used = { (bit: Int, values: [Float]) in kinds & bit > 0 ? values : [] }
      let (usedNorms, usedAlignments) = (used(1, norms), used(2, alignments))
      let (usedAlong, usedAddends) = (used(4, along), used(8, addends))
      let terms = SimilarityTerms(
        sums: sums.span.extracting(first: count),
        SimilarityScalars(
          norms: usedNorms.span.raw, alignments: usedAlignments.span.raw,
          along: usedAlong.span.raw), addends: usedAddends.span)
      var similarities = [Float](repeating: 0, count: count)
      var output = similarities.mutableSpan
      kernels.similarities(terms, f, into: &output)
      let expected = (0..<count).map { i in
        let norm = usedNorms.isEmpty ? 1 : norms[i]
        let product = (sums[i] * f.step + f.offset) / (usedAlignments.isEmpty ? 1 : alignments[i])
        let constant = usedAlong.isEmpty ? f.constant : along[i] * f.alongFactor + f.constant
        let similarity = norm * (product - norm * f.normFactor) + constant
        return usedAddends.isEmpty ? similarity : similarity + addends[i]
      }
      #expect(similarities == expected)
      for threshold in expected + [-.infinity, .infinity] {
        for mask in [[], allowed] {
          var selected = SelectedRows(capacity: count)
          kernels.selectRows(
            terms, f, allowed: mask.span, threshold: threshold, into: &selected)
          let rows = (0..<count).filter {
            expected[$0] >= threshold && (mask.isEmpty || mask[$0 / 32] >> UInt32($0 % 32) & 1 == 1)
          }
          #expect(selected.rows.indices.map { Int(selected.rows[$0]) } == rows)
          #expect(
            selected.similarities.indices.map { selected.similarities[$0] }
              == rows.map { expected[$0] })
        }
      }
    }
  }

  /// Two planes of five columns: a column group with one word per row, then one byte per row.
  @Test func aRowIsCopiedAlone() {
    let planes = BlockPlanes(columns: 5, count: 2)
    let source = TestFloats.bytes(5 + planes.byteCount, seed: 18)
    let places = { (row: Int) -> [Int] in
      [0, 128].flatMap { plane in (0..<4).map { column in plane + 4 * row + column } }
        + [256 + row, 288 + row]
    }
    for (from, to) in [(0, 0), (0, 31), (31, 0), (5, 12), (30, 9)] {
      var target = AlignedBytes(byteCount: 7 + planes.byteCount + 7)
      var bytes = target.mutableBytes
      copyRow(source.span.raw, at: 5, row: from, to: &bytes, at: 7, row: to, planes)
      var expected = [UInt8](repeating: 0, count: target.byteCount)
      for (there, here) in zip(places(to), places(from)) { expected[7 + there] = source[5 + here] }
      #expect(target.copied == expected, "row \(from) to row \(to)")
    }
  }
}

/// What the documented preconditions refuse.
@Suite struct IndexBlocksPreconditionTests {
  @Test func shapes() async {
    await #expect(processExitsWith: .failure) { _ = BlockShape(dimension: 0, bits: 4) }
    await #expect(processExitsWith: .failure) { _ = BlockShape(dimension: 8, bits: 5) }
  }

  @Test func blocksBeyondTheirBytes() async {
    await #expect(processExitsWith: .failure) {
      let shape = BlockShape(dimension: 8, bits: 1)
      let bytes = AlignedBytes(byteCount: 32)
      _ = IndexBlocks(shape, signs: bytes.bytes, rest: bytes.bytes, count: 2)
    }
  }

  @Test func aRowBeyondItsBlock() async {
    await #expect(processExitsWith: .failure) {
      let bytes = AlignedBytes(byteCount: 32)
      _ = BlockShape(dimension: 8, bits: 1).packed(row: 32, signs: bytes.bytes, rest: bytes.bytes)
    }
  }

  @Test func tooManyQueries() async {
    await #expect(processExitsWith: .failure) {
      let bytes = AlignedBytes(byteCount: 32)
      let blocks = IndexBlocks(
        BlockShape(dimension: 8, bits: 1), signs: bytes.bytes, rest: bytes.bytes, count: 1)
      let count = BlockShape.tableQueries + 1
      var sums = [Float](repeating: 0, count: 32 * count)
      var output = sums.mutableSpan
      Kernels(KernelTarget.available[0]).scanLUT(
        blocks, bits: 1, tables: [UInt8](repeating: 0, count: 128 * count).span, queryCount: count,
        into: &output, stride: 32)
    }
  }
}

@Suite struct AlignedBytesTests {
  @Test(arguments: [0, 1, 63, 64, 65, 4097, 2 << 20, (2 << 20) + 5])
  func zerosOnACacheLine(byteCount: Int) {
    let bytes = AlignedBytes(byteCount: byteCount)
    #expect(bytes.copied == [UInt8](repeating: 0, count: byteCount))
    let remainder = unsafe bytes.bytes.withUnsafeBytes {
      UInt(bitPattern: $0.baseAddress) % 64
    }
    #expect(remainder == 0)
  }

  @Test(arguments: [33, 3 << 20]) func copiesAreFollowedByZeros(byteCount: Int) {
    let source = TestFloats.bytes(byteCount, seed: 19)
    let bytes = AlignedBytes(copying: source.span.raw, byteCount: byteCount + 17)
    #expect(bytes.copied == source + [UInt8](repeating: 0, count: 17))
  }

  @Test func anOwnerThatWritesLeavesTheOthersAlone() {
    let source: [UInt8] = [1, 2, 3]
    var first = AlignedBytes(copying: source.span.raw, byteCount: 3)
    var second = first
    var bytes = second.mutableBytes
    bytes.storeBytes(of: 9, toByteOffset: 1, as: UInt8.self)
    #expect(first.copied == source)
    #expect(second.copied == [1, 9, 3])
    // Each is a sole owner now and writes in place.
    let before = unsafe first.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    var own = first.mutableBytes
    own.storeBytes(of: 8, toByteOffset: 2, as: UInt8.self)
    let after = unsafe first.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(before == after)
    #expect(first.copied == [1, 2, 8])
    #expect(second.copied == [1, 9, 3])
  }
}

extension AlignedBytes {
  fileprivate var copied: [UInt8] {
    let span = bytes
    return (0..<byteCount).map { span.byte(at: $0) }
  }
}

extension TestFloats.Generator {
  fileprivate mutating func int(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
