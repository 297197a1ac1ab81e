import Foundation
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

@Suite("Numbers and JSON without Foundation")
struct FormattingTests {
  /// Halves, the ends of the range, and doubles of every exponent from a linear congruence.
  private static let numbers: [Double] = {
    let chosen = [
      0, -0.0, 0.5, 1.5, 2.5, 0.125, 0.375, 0.0625, 0.25, 0.05, 0.15, 2.675, 1.005, 9.995, 99.95,
      999.5,
      0.9999999, 0.1, 1e-5, 9.5e-7, 9.999e-6, 1e15, 1e22, 1e23, 123_456_789.5, .pi,
      .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, .infinity,
    ]
    var state: UInt64 = 1
    let drawn = (0..<2000).map { i in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let exponent = UInt64(i % 2 == 0 ? 1023 + i % 80 - 40 : i % 2046)
      return Double(bitPattern: exponent << 52 | state >> 12)
    }
    return (chosen + drawn).flatMap { [$0, -$0] } + [.nan]
  }()

  @Test("Decimals are those of printf", arguments: [0, 1, 2, 3, 5, 12])
  func fixed(places: Int) {
    for number in Self.numbers {
      #expect(Numbers.fixed(number, places) == String(format: "%.\(places)f", number))
    }
  }

  @Test("Significant digits are those of printf", arguments: [1, 2, 3, 4])
  func significant(digits: Int) {
    for number in Self.numbers where number != 0 && number.isFinite {
      let exponent = Numbers.exponent(of: number)
      // Printed with 17 digits, no double is rounded up to the next power of ten.
      #expect(exponent == Int(String(format: "%.16e", number).split(separator: "e")[1]))
      let places = digits - 1 - exponent
      let format = places > digits + 4 ? "%.\(digits - 1)e" : "%.\(max(0, places))f"
      #expect(Numbers.significant(number, digits) == String(format: format, number))
    }
  }

  private struct Report: Codable, Equatable {
    struct Row: Codable, Equatable {
      var name: String
      var numbers: [Double]
      var missing: Int?
    }
    var rows: [Row]
    var empty: [Int] = []
    var float: Float
    var largest = UInt64.max
    var least = Int64.min
    var isTrue = true
  }

  private static let report = Report(
    rows: [
      Report.Row(
        name: "\u{0}\u{1F}\u{7F}\"\\/\u{8}\u{C}\n\r\t ü ✓ 😀 \u{2028}", numbers: [0.1, -0.0, 1e300]),
      Report.Row(name: "", numbers: [], missing: 3),
    ], float: 0.1)

  @Test("JSON is what Foundation writes, to the byte", arguments: [false, true])
  func json(isPretty: Bool) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      isPretty
      ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    let expected = String(decoding: try encoder.encode(Self.report), as: UTF8.self) + "\n"
    let written = isPretty ? try JSON.text(Self.report) : try JSON.line(Self.report)
    #expect(written == expected)
    #expect(try JSONDecoder().decode(Report.self, from: Data(written.utf8)) == Self.report)
  }

  @Test("Fields say null where there is no value, and numbers that JSON has not are refused")
  func nulls() throws {
    #expect(try JSON.line(["a": Nullable<Int>(nil)]) == "{\"a\":null}\n")
    #expect(try JSON.line([Nullable(finite: .infinity), Nullable(finite: 2)]) == "[null,2]\n")
    #expect(throws: CommandFailure.self) { try JSON.line([Double.nan]) }
  }
}
