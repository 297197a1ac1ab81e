public import TurboQuant
internal import TurboQuantStorage

/// Why a `.tqv` file could not be written or read.
public struct CodeFileError: Error, Sendable, Hashable {
  /// What went wrong.
  public enum Kind: Sendable, Hashable {
    /// The container is missing, damaged, not a container, or refused by the operating system.
    case container
    /// The codec record in the file is bad, or the codes belong to another codec.
    case codec(CodecError)
    /// A row has a valid checksum, but no encoder writes such bytes.
    case malformedRow(Int)
    /// The last row is incomplete.
    case partialRow(byteCount: Int, bytesPerVector: Int)
  }

  /// What went wrong.
  public let kind: Kind
  /// The path as the caller gave it.
  public let path: String
  /// The offset of the bad byte in the file, if there is one.
  public let offset: UInt64?
  private let message: String

  init(_ error: StorageError) {
    kind = .container
    path = error.path
    offset = error.offset
    message = error.description
  }

  /// The error of a URL that names no file of this machine.
  package init(noFile url: String) {
    kind = .container
    path = url
    offset = nil
    message = StorageError.refusal(ofURL: url)
  }

  init(_ error: CodecError, path: String) {
    kind = .codec(error)
    self.path = path
    offset = nil
    message = "\(path): \(error)"
  }

  init(_ fault: RowFault, row: Int, offset: UInt64, path: String) {
    kind = .malformedRow(row)
    self.path = path
    self.offset = offset
    message =
      "\(path): section “rows”: row \(row): \(fault.reason) (at byte \(offset)) — encode the vectors again"
  }

  init(partialRow byteCount: Int, bytesPerVector: Int, path: String) {
    kind = .partialRow(byteCount: byteCount, bytesPerVector: bytesPerVector)
    self.path = path
    offset = nil
    message =
      "\(path): \(byteCount) bytes of rows, expected a multiple of \(bytesPerVector) — encode again"
  }
}

extension CodeFileError: CustomStringConvertible {
  /// One line: the path, what was found, what was expected, the next step.
  public var description: String { message }
}

/// Runs `body` and turns storage errors into code-file errors.
func rethrowing<R: ~Copyable>(
  _ body: () throws(StorageError) -> R
) throws(CodeFileError) -> R {
  do {
    return try body()
  } catch {
    throw CodeFileError(error)
  }
}
