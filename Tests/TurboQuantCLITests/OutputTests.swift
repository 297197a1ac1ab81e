import Synchronization
import TestSupport
import Testing

@testable import TurboQuantCLI

@Suite("Output")
struct OutputTests {
  @Test("Columns are aligned and lines have no spaces at their ends")
  func table() {
    var table = Table([("name", .left), ("count", .right), ("note", .left)])
    table.append(["a", "1"])
    table.append(["longer", "1,234", "✓"])
    #expect(table.lines == ["name    count  note", "a           1", "longer  1,234  ✓"])
  }

  @Test("Numbers are written as people read them")
  func numbers() {
    #expect(Numbers.grouped(1_234_567) == "1,234,567")
    #expect(Numbers.grouped(-999) == "-999")
    #expect(Numbers.bytes(999) == "999 bytes")
    #expect(Numbers.bytes(7_600_512) == "7.60 MB")
    #expect(Numbers.rate(9_999) == "9999")
    #expect(Numbers.rate(385_699) == "386 k")
    #expect(Numbers.significant(0.009367, 3) == "0.00937")
    #expect(Numbers.significant(6.1e-6, 1) == "6e-06")
    #expect(Numbers.significant(0, 3) == "0.0")
    #expect(Numbers.plain(2.5) == "2.5")
    #expect(Numbers.plain(4) == "4")
    #expect(Numbers.duration(59.2) == "1 min 00 s")
    #expect(Numbers.duration(7_800) == "2 h 10 min")
  }

  @Test("Progress stays silent for a second, then tells rate and time left")
  func progress() {
    let shown = Captured()
    let clock = Mutex(0.0)
    let console = Console(write: { _ in }, writeError: { shown.append($0) }, showsProgress: true)
    let progress = Progress("encode", total: 1000, unit: "rows", console) {
      clock.withLock { $0 }
    }
    clock.withLock { $0 = 0.9 }
    progress.advance(by: 100)
    #expect(shown.all.isEmpty)
    clock.withLock { $0 = 2 }
    progress.advance(by: 100)
    #expect(shown.all == "\rencode: 20% of 1,000 rows, 100 rows/s, 8 s left\u{1B}[K")
    clock.withLock { $0 = 2.05 }
    progress.advance(by: 100)
    #expect(shown.all.contains("30%") == false)
    progress.finish()
    #expect(shown.all.hasSuffix("\r\u{1B}[K"))
  }

  @Test("Progress is off when standard error is no terminal")
  func silentProgress() {
    let shown = Captured()
    let console = Console(write: { _ in }, writeError: { shown.append($0) })
    let progress = Progress("encode", total: nil, unit: "rows", console) { 100 }
    progress.advance()
    progress.finish()
    #expect(shown.all.isEmpty)
  }

  @Test("Colour appears only where it is wanted")
  func color() {
    var console = Console(write: { _ in }, writeError: { _ in })
    #expect(console.colored("x", .bold) == "x")
    console.usesColor = true
    #expect(console.colored("x", .bold) == "\u{1B}[1mx\u{1B}[0m")
  }
}
