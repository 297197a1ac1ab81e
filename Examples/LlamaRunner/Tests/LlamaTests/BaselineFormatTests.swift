import Testing

@testable import Llama

/// The formats of other projects against their definitions in double precision.
@Suite struct BaselineFormatTests {
  static let halves: [Float] = (0..<0x7c00).map { FloatType.float(UInt16($0)) }

  /// The nearest float16 by search.
  static func half(_ value: Double) -> Double {
    let magnitude = abs(value)
    var (low, high) = (0, halves.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if Double(halves[middle]) <= magnitude { low = middle } else { high = middle }
    }
    let (below, above) = (Double(halves[low]), Double(halves[high]))
    let nearest = magnitude - below < above - magnitude ? below : above
    return value < 0 ? -nearest : nearest
  }

  /// Blocks of 32 numbers of several sizes, some with an outlier or far from zero.
  static func blocks() -> [[Float]] {
    var generator = SeededGenerator(seed: 5)
    return [1e-3, 1, 300].flatMap { size in
      (0..<40).map { block in
        var numbers = randomFloats(32, &generator).map { $0 * Float(size) }
        if block % 4 == 1 { numbers[block % 32] *= 20 }
        if block % 4 == 2 { numbers = numbers.map { $0 + 5 * Float(size) } }
        return numbers
      }
    }
  }

  /// A quotient below 128 in float32 is wrong by at most 2^-18, and so are two sums with 8.5 or a zero.
  static let rounding = 0x1p-16

  /// How far a number's float16 may be from it.
  static func halfError(_ value: Double) -> Double { max(abs(value) * 0x1p-11, 0x1p-25) }

  @Test("Float16 numbers stay, and halfway between two the even one is taken")
  func halfPrecision() {
    for (index, (low, high)) in zip(Self.halves, Self.halves.dropFirst()).enumerated() {
      let middle = (low + high) / 2
      for sign: Float in [-1, 1] {
        #expect(HalfPrecision.rounded(sign * low) == sign * low)
        #expect(HalfPrecision.rounded(sign * middle) == sign * (index % 2 == 0 ? low : high))
        #expect(HalfPrecision.rounded(sign * middle.nextDown) == sign * low)
        #expect(HalfPrecision.rounded(sign * middle.nextUp) == sign * high)
      }
    }
    #expect(HalfPrecision.rounded(Float(65_520).nextDown) == 65_504)
    #expect(HalfPrecision.rounded(-65_520) == -.infinity)
    #expect(HalfPrecision.rounded(.nan).isNaN)
  }

  @Test("q8_0: steps of 1/127 of the largest magnitude, each number within half a step")
  func q8() {
    for numbers in Self.blocks() {
      let block = Q8Block(numbers)
      let step = (numbers.map { abs(Double($0)) }.max() ?? 0) / 127
      #expect(abs(Double(block.scale) - step) <= Self.halfError(step))
      for (number, (code, read)) in zip(numbers, zip(block.codes, block.numbers)) {
        #expect(abs(Double(number) / step - Double(code)) <= 0.5 + Self.rounding)
        #expect(read == Float(Double(code) * Double(block.scale)))
        // Half a step, and what float16 makes of the scale, up to 127 times.
        let bound = step * (0.5 + Self.rounding) + 127 * Self.halfError(step)
        #expect(abs(Double(read - number)) <= bound)
      }
    }
    #expect(Q8Block([Float](repeating: 0, count: 32)).numbers.allSatisfy { $0 == 0 })
  }

  @Test("q4_0: the extreme is -8 steps, others within half a step, or a whole one at its opposite")
  func q4() {
    for numbers in Self.blocks() {
      let block = Q4Block(numbers)
      let extreme = Double(numbers.max { abs($0) < abs($1) } ?? 0)
      let step = extreme / -8
      #expect(abs(Double(block.scale) - step) <= Self.halfError(step))
      for (number, (code, read)) in zip(numbers, zip(block.codes, block.numbers)) {
        let steps = Double(number) / step
        #expect(abs(min(steps, 7) - (Double(code) - 8)) <= 0.5 + Self.rounding)
        #expect(read == Float((Double(code) - 8) * Double(block.scale)))
        let bound = abs(step) * ((steps > 7.5 ? steps - 7 : 0.5) + Self.rounding)
        #expect(abs(Double(read - number)) <= bound + 8 * Self.halfError(step))
      }
    }
  }

  @Test("q4_0 rounds halves up, towards its positive steps, and cuts off at 7")
  func q4ByHand() {
    let rest = [Float](repeating: 0, count: 26)
    let block = Q4Block([-8, 7.5, 0.5, -0.5, 7, -7.5] + rest)
    #expect(block.scale == 1)
    #expect(block.codes.prefix(7) == [0, 15, 9, 8, 15, 1, 8])
    let positive = Q4Block([8, -8, 0.5, -0.5, 7, -7] + rest)
    #expect(positive.scale == -1)
    #expect(positive.codes.prefix(7) == [0, 15, 8, 9, 1, 15, 8])
    #expect(positive.numbers.prefix(2) == [8, -7])
  }

  @Test("KIVI's groups: 15 steps from the least to the greatest number, each within half a step")
  func int4() {
    for numbers in Self.blocks() {
      let group = Int4Group(numbers)
      let (least, greatest) = (Double(numbers.min() ?? 0), Double(numbers.max() ?? 0))
      #expect(Double(group.zero) == Self.half(least))
      let step = (greatest - least) / 15
      #expect(abs(Double(group.scale) - step) <= step * 0x1p-22 + Self.halfError(step))
      for (number, (code, read)) in zip(numbers, zip(group.codes, group.numbers)) {
        let steps = (Double(number) - Double(group.zero)) / Double(group.scale)
        #expect(abs(min(max(steps, 0), 15) - Double(code)) <= 0.5 + Self.rounding)
        // Half a step, what float16 makes of 15 steps and of the zero, and rounding of the sum.
        let bound = step / 2 + 16 * Self.halfError(step) + Self.halfError(least)
        #expect(abs(Double(read - number)) <= bound + (abs(least) + 16 * step) * 0x1p-20)
      }
    }
    #expect(Int4Group([Float](repeating: 3, count: 5)).numbers == [3, 3, 3, 3, 3])
  }

  @Test(
    "The Hadamard transform is that of the definition and its own inverse", arguments: [32, 64, 96])
  func hadamard(dimension: Int) {
    var generator = SeededGenerator(seed: 9)
    let row = randomFloats(dimension, &generator)
    let block = dimension == 64 ? 64 : 32
    let expected = (0..<dimension).map { i in
      let first = i / block * block
      let sum = (0..<block).reduce(0.0) { sum, j in
        let sign = ((i - first) & j).nonzeroBitCount % 2 == 0 ? 1.0 : -1.0
        return sum + sign * Double(row[first + j])
      }
      return Float(sum / Double(block).squareRoot())
    }
    let found = Hadamard.transformed(row)
    // Six additions deep, of sums below 64 before the factor 1/8, each rounded to 2^-24 of itself.
    #expect(largestDifference(found, expected) <= 64 / 8 * 8 * 0x1p-24)
    #expect(largestDifference(Hadamard.transformed(found), row) <= 64 / 8 * 16 * 0x1p-24)
  }

  @Test("Rows take the bytes that the formats say and fit whole blocks only")
  func bytes() {
    let expected: [RowFormat: Int] = [.float32: 256, .q8: 68, .q4: 36, .rotatedQ4: 36, .int4: 40]
    for format in RowFormat.allCases {
      #expect(format.byteCount(64) == expected[format])
      #expect(format.fits(96) && format.fits(80) == (format == .float32))
    }
  }

  @Test("A rotated row is q4_0 of its transform")
  func rotated() throws {
    var generator = SeededGenerator(seed: 2)
    let rows = randomFloats(3 * 64, &generator)
    let read = try RowFormat.rotatedQ4.decoded(rows, dimension: 64)
    for row in 0..<3 {
      let turned = Hadamard.transformed(rows[row * 64..<(row + 1) * 64])
      let codes = Q4Block(turned.prefix(32)).numbers + Q4Block(turned.suffix(32)).numbers
      #expect(Array(read[row * 64..<(row + 1) * 64]) == Hadamard.transformed(codes))
    }
  }
}
