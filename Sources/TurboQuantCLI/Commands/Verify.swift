internal import TurboQuantFiles

extension Command {
  /// `turboquant verify`.
  static let verify = Command(
    name: "verify", summary: "Check every byte and every row of a .tqv or .tqi file.",
    discussion: """
      Checks all bytes against their checksums, and their content against Documentation/FileFormat.md.
      The exit code is 0 if the file is intact; otherwise it is 1 and the error names the damaged place.
      """,
    operands: [
      Operand(name: "FILE", help: "A file that “turboquant encode” or “turboquant index” wrote.")
    ],
    options: [.json], run: runVerify)
}

private func runVerify(_ arguments: Arguments, _ console: Console) throws {
  let path = arguments.operands[0]
  guard !isIndexFile(path) else { return try verifyIndex(path, arguments, console) }
  let file = try CodeFile(path)
  let progress = Progress("verify", total: file.byteCount, unit: "bytes", console)
  defer { progress.finish() }
  try file.verify { done, _ in progress.advance(to: Int(clamping: done)) }
  progress.finish()
  let report = VerifyReport(path: file.path, count: file.count, checkedBytes: file.byteCount)
  console.write(arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// What `verify` says of an intact file.
struct VerifyReport: Encodable {
  let path: String
  let count: Int
  let checkedBytes: Int
  let isWhole = true

  enum CodingKeys: String, CodingKey {
    case path, count
    case checkedBytes = "checked_bytes"
    case isWhole = "ok"
  }

  var text: String {
    "\(path): ok, \(Numbers.grouped(count)) rows, "
      + "\(Numbers.grouped(checkedBytes)) bytes checked\n"
  }
}
