internal import TurboQuantFiles

extension Command {
  /// `turboquant verify`.
  static let verify = Command(
    name: "verify", summary: "Check every byte of a .tqv file against its checksums.",
    discussion: "Exit code 0 says that the file is whole; 1 says where it is damaged.",
    operands: [Operand(name: "FILE", help: "A file that “turboquant encode” wrote.")],
    options: [.json], run: runVerify)
}

private func runVerify(_ arguments: Arguments, _ console: Console) throws {
  let file = try CodeFile(arguments.operands[0])
  let progress = Progress("verify", total: file.byteCount, unit: "bytes", console)
  defer { progress.finish() }
  try file.verify { done, _ in progress.advance(to: Int(clamping: done)) }
  progress.finish()
  let report = VerifyReport(path: file.path, count: file.count, checkedBytes: file.byteCount)
  console.write(arguments.has(.json) ? try JSON.text(report) : report.text)
}

/// What `verify` says of a whole file.
private struct VerifyReport: Encodable {
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
