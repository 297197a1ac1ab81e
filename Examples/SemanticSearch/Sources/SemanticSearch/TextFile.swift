import Foundation

/// The lines of a text file, whether they end as on Unix or as on Windows.
///
/// - Throws: ``StoreError`` with the name of the file, if it cannot be read or is not UTF-8.
func lines(of file: URL) throws(StoreError) -> [Substring] {
  var bytes = try contents(of: file)
  // Some editors begin a file with this mark.
  if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
    throw .notText(file, line: (bad ?? 0) + 1)
  }
  return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
}

/// The bytes of a file; Foundation's own errors do not always name it.
func contents(of file: URL) throws(StoreError) -> Data {
  do {
    return try Data(contentsOf: file)
  } catch {
    throw .unreadable(file, reason: systemReason(error))
  }
}

/// What the system says about a file, such as “Permission denied”.
func systemReason(_ error: any Error) -> String {
  guard let error = (error as? CocoaError)?.underlying as? POSIXError else {
    return error.localizedDescription
  }
  return String(cString: strerror(error.code.rawValue))
}
