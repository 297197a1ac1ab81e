import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles

/// `Documentation/read_tqv.py`, written from FileFormat.md alone, reads the golden files as we do.
///
/// Runs where `python3` (or the interpreter that `TQ_PYTHON` names) has numpy.
@Suite(.enabled(if: Python.hasNumpy, "no python3 with numpy: the independent reader is not run"))
struct IndependentReaderTests {
  @Test("Decodes what the codec decodes", arguments: GoldenFileTests.all)
  func decodes(_ golden: GoldenFileTests.Golden) throws {
    let scratch = try Scratch()
    let file = try CodeFile(GoldenFileTests.fixture(golden.name))
    let result = try Python.run(
      "read_tqv.py", [GoldenFileTests.fixture(golden.name), scratch.file("x.npy")])
    #expect(result.output.contains("fingerprint \(file.codec.fingerprint)"))
    guard golden.quantizer.name != "qjl" else {
      #expect(result.exitCode == 1 && result.error.contains("not decoded"))
      return
    }
    try #require(result.exitCode == 0, "\(result.error)")
    let theirs = try readAll(VectorFile.open(scratch.file("x.npy"))).values
    let ours = try file.codec.decode(file.codes(of: 0..<file.count))
    try #require(theirs.count == ours.count)
    let d = file.codec.dimension
    for row in 0..<file.count {
      let range = row * d..<(row + 1) * d
      let norm = ours[range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Each side's products of a rotation in float32: d roundings of up to ‖y‖ · 2⁻²⁴ each.
      let bound = 2 * Double(d) * norm * 0x1p-24
      for i in range { #expect(abs(Double(ours[i]) - Double(theirs[i])) <= bound) }
    }
  }

  @Test("Refuses a changed byte anywhere")
  func refuses() throws {
    let scratch = try Scratch()
    let original = Array(
      try Data(contentsOf: URL(filePath: GoldenFileTests.fixture("hadamard-100-scalar-4"))))
    for offset in stride(from: 3, to: original.count, by: 61) {
      var bytes = original
      bytes[offset] ^= 0x10
      let result = try Python.run("read_tqv.py", [scratch.write(bytes, to: "x.tqv")])
      #expect(result.exitCode == 1 && result.error.contains("x.tqv: "), "byte \(offset)")
    }
  }
}

extension GoldenFileTests {
  fileprivate static func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).tqv")
      .path
  }
}
