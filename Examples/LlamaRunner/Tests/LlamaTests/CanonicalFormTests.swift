#if os(Linux)
  @_spi(_Unicode) import Swift
#endif
import Foundation
import Testing

@testable import Llama

@Suite struct CanonicalFormTests {
  /// Recorded by `Fixtures/unicode.py`; scalars as numbers, so that nothing normalizes them.
  struct Recorded: Decodable {
    let alone: [String: [UInt32]]
    let decomposed: [String: [UInt32]]
    let texts: [[UInt32]]
    let composed: [[UInt32]]
  }

  static func recorded() throws -> Recorded {
    let data = try Data(contentsOf: Shipped.fixtures.appending(path: "unicode.json"))
    return try JSONDecoder().decode(Recorded.self, from: data)
  }

  static func text(_ scalars: [UInt32]) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars.compactMap { Unicode.Scalar($0) })
    return String(view)
  }

  static func composed(_ scalars: [UInt32]) -> [UInt32] {
    CanonicalForm.composed(text(scalars)).unicodeScalars.map(\.value)
  }

  /// Whether the platform's standard library knows all scalars; the record may know newer ones.
  static func isAssigned(_ scalars: [UInt32]) -> Bool {
    text(scalars).unicodeScalars.allSatisfy { $0.properties.age != nil }
  }

  @Test("Every scalar alone, and every decomposition, composes as Unicode says")
  func scalars() throws {
    let recorded = try Self.recorded()
    func number(_ digits: String) throws -> UInt32 { try #require(UInt32(digits, radix: 16)) }
    let alone = try Dictionary(
      uniqueKeysWithValues: recorded.alone.map { (try number($0), $1) })
    for value in UInt32(0)...0x10ffff where Unicode.Scalar(value)?.properties.age != nil {
      let found = Self.composed([value])
      if found != alone[value] ?? [value] {
        Issue.record("U+\(String(value, radix: 16)): \(found)")
      }
    }
    for (digits, parts) in recorded.decomposed where Self.isAssigned(parts) {
      let value = try number(digits)
      #expect(Self.composed(parts) == alone[value] ?? [value], "U+\(digits)")
    }
    #expect(recorded.decomposed.count > 2_000)
  }

  @Test("Every syllable of Hangul composes from its parts")
  func hangul() {
    for value in UInt32(0xac00)...0xd7a3 {
      let index = value - 0xac00
      let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
      let tail = index % 28
      #expect(Self.composed(parts + (tail > 0 ? [0x11a7 + tail] : [])) == [value])
      #expect(Self.composed([value]) == [value])
    }
  }

  @Test("Hard sequences compose as Unicode says")
  func sequences() throws {
    let recorded = try Self.recorded()
    var compared = 0
    for (text, expected) in zip(recorded.texts, recorded.composed) where Self.isAssigned(text) {
      #expect(Self.composed(text) == expected, "\(text.map { String($0, radix: 16) })")
      compared += 1
    }
    #expect(compared > 500)
  }

  #if os(Linux)
    @Test("Scalars with marks after them compose as in the standard library")
    func marks() {
      let assigned = (UInt32(0)...0x10ffff).compactMap { Unicode.Scalar($0) }.filter {
        $0.properties.age != nil
      }
      let marks = assigned.filter { $0.properties.canonicalCombiningClass != .notReordered }
      func compare(_ text: String) {
        guard !CanonicalForm.composed(text).unicodeScalars.elementsEqual(text._nfc) else { return }
        Issue.record("\(text.unicodeScalars.map { String($0.value, radix: 16) })")
      }
      // Every scalar that composes with anything, and one that Foundation takes for the letter T.
      let starts = Set(Decompositions.joined.keys.map(\.first)).sorted() + ["\u{20054}"]
      for (index, start) in starts.enumerated() {
        for mark in stride(from: index % 3, to: marks.count, by: 3) {
          compare("\(start)\(marks[mark])")
        }
      }
      for (index, scalar) in assigned.enumerated() where index % 13 == 0 {
        compare("\(scalar)\(marks[index / 13 * 5 % marks.count])\u{327}")
      }
    }
  #endif

  @Test("A long run of marks is no trap")
  func longRun() {
    let marks = (0..<50_000).map { $0 % 2 == 0 ? UInt32(0x301) : 0x327 }
    let found = Self.composed([0x61] + marks)
    // The cedillas come first and block nothing above them: only the first acute joins.
    #expect(found.count == 50_000 && found[0] == 0xe1 && found[25_000] == 0x327)
  }
}
