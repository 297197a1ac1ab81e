import Foundation
import TestSupport
import Testing
import TurboQuantFiles

/// Lists of ids and texts, which are read whole: what has no end is refused.
@Suite struct InputFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func message(_ path: String, writerPatience: Int = 5) -> String {
    let error = failure { () throws(VectorFileError) in
      try InputFile(path, writerPatience: writerPatience)
    }
    return error?.description ?? ""
  }

  private func run(_ words: String...) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    try process.run()
    return process
  }

  @Test(.timeLimit(.minutes(1)))
  func whatNeverEndsIsRefused() {
    // One line of zeros, and bytes of which no line is too long.
    #expect(
      message("/dev/zero") == "/dev/zero: a line of more than 1048576 bytes, expected text "
        + "(at byte 0) — is it the right file?")
  }

  #if !DEBUG
    @Test(.timeLimit(.minutes(1)))
    func aPipeOfShortLinesWithoutAnEndIsRefused() throws {
      let pipe = scratch.file("pipe")
      try run("mkfifo", pipe).waitUntilExit()
      let writer = try run("sh", "-c", "exec yes 1 > '\(pipe)'")
      #expect(
        message(pipe) == "\(pipe): goes on after 1073741824 bytes, expected an end "
          + "(at byte 1073741824) — is it the right file?")
      writer.terminate()
      writer.waitUntilExit()
    }
  #endif

  @Test(.timeLimit(.minutes(1)))
  func aPipeWithoutAWriterIsRefused() throws {
    let pipe = scratch.file("pipe")
    try run("mkfifo", pipe).waitUntilExit()
    #expect(
      message(pipe, writerPatience: 1) == "\(pipe): a pipe that nobody writes to (waited 1 s) — "
        + "start what writes to it first")
  }

  @Test(.timeLimit(.minutes(1)))
  func aPipeThatEndsIsRead() throws {
    let pipe = scratch.file("pipe")
    try run("mkfifo", pipe).waitUntilExit()
    let writer = try run("sh", "-c", "sleep 0.3; (echo 1; sleep 0.3; echo 2) > '\(pipe)'")
    #expect(try InputFile(pipe, writerPatience: 50).bytes == Array("1\n2\n".utf8))
    writer.waitUntilExit()
    // A writer that writes nothing is one as well.
    let silent = try run("sh", "-c", "sleep 0.3; : > '\(pipe)'")
    #expect(try InputFile(pipe, writerPatience: 50).bytes == [])
    silent.waitUntilExit()
  }

  @Test func filesAreReadWhole() throws {
    #expect(try InputFile(scratch.write([], to: "empty.txt")).bytes == [])
    let long = [UInt8](repeating: 0x31, count: InputFile.longestLine)
    #expect(try InputFile(scratch.write(long + [0x0A] + long, to: "x.txt")).bytes.count > 1 << 21)
    let path = try scratch.write([0x0A] + long + long, to: "x.txt")
    #expect(message(path).hasPrefix("\(path): a line of more than 1048576 bytes"))
    #expect(message(scratch.path).contains("is a directory, expected a file —"))
    #expect(message(scratch.file("none")).contains("no such file"))
  }

  @Test(
    arguments: ["|u1", "|i1", "<u2", "<i2", ">u4", "<i4", "<u8", "<i8", ">i8", ">u8"],
    ["(3,)", "(3, 1)", "(1, 3)", "(1, 1, 3, 1)"])
  func wholeNumbersOfEveryTypeComeBack(type: String, shape: String) throws {
    let size = Int(type.dropFirst(2)) ?? 0
    let most = UInt64.max >> UInt64(64 - 8 * size + (type.contains("i") ? 1 : 0))
    let numbers: [UInt64] = [0, 5, most]
    let data = numbers.flatMap { number in
      let low = Array(littleEndian([number]).prefix(size))
      return type.hasPrefix(">") ? low.reversed() : low
    }
    let path = try scratch.write(npy(type, shape, data: data), to: "ids.npy")
    let file = try InputFile(path)
    #expect(file.isNpy)
    #expect(try file.wholeNumbers() == numbers)
  }

  @Test func arraysThatHoldNoIDsAreRefused() throws {
    func refusal(_ type: String, _ shape: String, _ data: [UInt8]) throws -> String {
      let file = try InputFile(scratch.write(npy(type, shape, data: data), to: "ids.npy"))
      let error = failure { () throws(VectorFileError) in try file.wholeNumbers() }
      return String(error?.description.dropFirst(file.path.count + 2) ?? "")
    }
    #expect(
      try refusal("<f8", "(1,)", bytes([1.0])) == "dtype '<f8' (float64), expected ids, which are "
        + "integers (at byte 10) — convert with x.astype(numpy.uint64)")
    #expect(try refusal("|b1", "(1,)", [1]).hasSuffix("— save numpy.flatnonzero(x)"))
    #expect(
      try refusal("<i4", "(2, 2)", []) == "the array has the shape (2, 2), expected a list of ids "
        + "(at byte 10) — use x.ravel()")
    #expect(try refusal("<i4", "()", []).contains("the shape ()"))
    #expect(
      try refusal("<i4", "(2,)", littleEndian([7, -3] as [Int32])) == "the id -3, expected numbers "
        + "from 0 on (at row 1, byte 132) — give every row an id from 0 to 18446744073709551615")
    #expect(try refusal("|i1", "(1,)", [0x80]).hasPrefix("the id -128,"))
    #expect(
      try refusal("<i4", "(2,)", [1, 0, 0, 0]).hasPrefix("is cut short: 132 bytes, expected"))
    #expect(try refusal("<i4", "(0,)", [1]).hasPrefix("is too long"))
    #expect(try refusal("<i8", "(\(Int.max),)", []).hasPrefix("the header claims more bytes"))
    #expect(try refusal("|O", "(1,)", []).contains("Python objects"))
  }
}
