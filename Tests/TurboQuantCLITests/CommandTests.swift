import Foundation
import TestSupport
import Testing

@testable import TurboQuantCLI

@Suite("Commands")
struct CommandTests {
  @Test("Encode, verify, inspect and decode; the file does not depend on threads")
  func roundTrip() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(1500, 100), to: "x.npy")
    var files: [Data] = []
    for threads in [1, 2, 8] {
      let output = directory.file("x\(threads).tqv")
      #expect(run("encode", input, "-o", output, "--threads", "\(threads)").exitCode == .done)
      #expect(run("verify", output).exitCode == .done)
      files.append(try Data(contentsOf: URL(filePath: output)))
    }
    #expect(files.allSatisfy { $0 == files[0] })
    #expect(try run("inspect", directory.file("x1.tqv"), "--json").object().count > 5)
    let decoded = directory.file("y.npy")
    #expect(run("decode", directory.file("x1.tqv"), "-o", decoded).exitCode == .done)
    #expect(try Data(contentsOf: URL(filePath: decoded)).count == 128 + 1500 * 100 * 4)
  }

  static let refused: [(name: String, bytes: [UInt8])] = [
    ("type", npy(shape: [3, 4], [Float](repeating: 1, count: 12), type: "<i4")),
    ("bfloat16", npy(shape: [3, 4], [Float](repeating: 1, count: 6), type: "<V2")),
    ("rank1", npy(shape: [12], [Float](repeating: 1, count: 12))),
    ("rank3", npy(shape: [3, 2, 2], [Float](repeating: 1, count: 12))),
    ("short", npy(shape: [4, 4], [Float](repeating: 1, count: 12))),
    ("huge", npy(shape: [1 << 60, 4], [Float](repeating: 1, count: 12))),
    ("nan", npy(shape: [3, 4], [1, 1, 1, 1, 1, 1, .nan, 1, 1, 1, 1, 1])),
    ("magic", [0, 0] + npy(shape: [3, 4], [Float](repeating: 1, count: 12)).dropFirst(2)),
    ("text", Array("one, two, three\n".utf8)),
    ("empty", []),
  ]

  @Test("A bad input is one line, exit code 1, and no file", arguments: 0..<refused.count)
  func refuses(index: Int) throws {
    let directory = try Scratch()
    let name = Self.refused[index].name + ".npy"
    let input = try directory.write(Self.refused[index].bytes, to: name)
    let outcome = run("encode", input, "-o", directory.file("out.tqv"))
    #expect(outcome.exitCode == .failed)
    #expect(outcome.errorLines.count == 1 && outcome.error.contains(name))
    if name == "nan.npy" { #expect(outcome.error.contains("row 1, column 2")) }
    #expect(try directory.names == [name])
  }

  @Test("A directory is refused as input and as output")
  func directories() throws {
    let directory = try Scratch()
    let place = directory.path
    #expect(run("encode", place, "-o", directory.file("out.tqv")).exitCode == .failed)
    let input = try directory.write(gaussianNpy(5, 8), to: "x.npy")
    #expect(run("encode", input, "-o", place).exitCode == .failed)
    #expect(try directory.names == ["x.npy"])
  }

  @Test("A damaged file is refused by verify and decode")
  func damage() throws {
    let directory = try Scratch()
    let input = try directory.write(gaussianNpy(50, 8), to: "x.npy")
    let output = directory.file("x.tqv")
    #expect(run("encode", input, "-o", output).exitCode == .done)
    var bytes = try Data(contentsOf: URL(filePath: output))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: output))
    #expect(run("verify", output).exitCode == .failed)
    #expect(run("decode", output, "-o", directory.file("y.npy")).exitCode == .failed)
    #expect(try directory.names == ["x.npy", "x.tqv"])
  }
}
