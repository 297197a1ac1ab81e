internal import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex
internal import TurboQuantKVCache

/// Misuse of the C interface: a status from 1 to 99.
struct CallError: Error, CustomStringConvertible {
  let status: tq_status
  let description: String

  private init(_ status: Int, _ description: String) {
    self.status = tq_status(status)
    self.description = description
  }

  static func null(_ name: String) -> CallError {
    CallError(TQ_ERROR_NULL_POINTER, "\(name) is NULL")
  }

  static func invalidHandle(_ kind: HandleKind) -> CallError {
    CallError(
      TQ_ERROR_INVALID_HANDLE, "no \(kind) has this handle; it is NULL, was freed, or never was one"
    )
  }

  static func wrongHandle(_ found: HandleKind, expected: HandleKind) -> CallError {
    CallError(TQ_ERROR_WRONG_HANDLE, "the handle of a \(found), expected that of a \(expected)")
  }

  static func size(_ name: String) -> CallError {
    CallError(TQ_ERROR_SIZE, "the size of \(name) is more than memory can have")
  }

  static func capacity(_ name: String, _ found: Int, needed: Int) -> CallError {
    CallError(TQ_ERROR_CAPACITY, "\(name) has room for \(found) elements, needed are \(needed)")
  }

  static func misaligned(_ name: String, _ alignment: Int) -> CallError {
    CallError(TQ_ERROR_MISALIGNED, "\(name) is not aligned to \(alignment) bytes")
  }

  static func options(_ reason: String) -> CallError { CallError(TQ_ERROR_OPTIONS, reason) }

  static func value(_ found: some CustomStringConvertible, _ expected: String) -> CallError {
    CallError(TQ_ERROR_VALUE, "the value \(found), expected \(expected)")
  }

  static func text(_ name: String) -> CallError { CallError(TQ_ERROR_TEXT, "\(name) is not UTF-8") }

  static func offsets(_ reason: String) -> CallError { CallError(TQ_ERROR_OFFSETS, reason) }

  static var insideCallback: CallError {
    CallError(
      TQ_ERROR_INSIDE_CALLBACK, "a progress function must not change an index or look rows up")
  }

  static func id(_ id: some CustomStringConvertible) -> CallError {
    CallError(TQ_ERROR_ID_OUT_OF_RANGE, "the id \(id), expected 0 … \(Int64.max)")
  }
}

/// Runs the body of a C function: its error becomes a status and the thread's last error.
func call(_ body: () throws -> Void) -> tq_status {
  do {
    try body()
    return tq_status(TQ_OK)
  } catch {
    let (status, text) =
      switch error {
      case let error as CallError: (error.status, error.description)
      case let error as CodecError: (error.code, error.description)
      case let error as IndexError: (error.code, error.description)
      case let error as KVCacheError: (error.code, error.description)
      default: (tq_status(TQ_ERROR_INTERNAL), "an error without a number: \(error)")
      }
    setLastError(text)
    return status
  }
}

private func setLastError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in
    unsafe bytes.withMemoryRebound(to: CChar.self) {
      unsafe ctq_set_last_error($0.baseAddress, $0.count)
    }
  }
}
