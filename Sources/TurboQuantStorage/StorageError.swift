/// A failure of this module: what went wrong, in which file and, if known, at which byte.
package struct StorageError: Error, Equatable, Sendable {
  /// What went wrong.
  package enum Kind: Equatable, Sendable {
    /// The operating system refused `call` with the error number `code`.
    case system(call: SystemCall, code: Int32)
    /// The path names a directory where a file is needed.
    case isDirectory
    /// The path names a pipe, socket or device where a regular file is needed.
    case notRegularFile
    /// The file may not be written.
    case readOnly
    /// Another writer is changing the file, even after a wait of `seconds`.
    case busy(seconds: Int)
    /// The directory of the file does not exist.
    case noDirectory(String)
    /// No file can be created in the directory.
    case readOnlyDirectory(String)
    /// The path contains a zero byte, at which the system would end it.
    case zeroByteInPath
    /// The new file is in place, but its directory could not be synchronized with the disk.
    case replacedNotSynchronized(code: Int32)
    /// The file has no bytes.
    case empty
    /// The file is shorter than its header says, or than a header.
    case truncated(expected: UInt64, found: UInt64)
    /// The file is longer than its header says.
    case trailingBytes(expected: UInt64, found: UInt64)
    /// The file does not begin with the container's magic bytes.
    case wrongMagic(found: [UInt8])
    /// The file was written by a newer version of the container format.
    case newerVersion(UInt32)
    /// The file is a container of another kind.
    case wrongKind(found: String, expected: String)
    /// The header does not match its checksum.
    case headerDamaged
    /// The bytes of `region` do not match their checksum.
    case checksumMismatch(region: String)
    /// The checksums match, but the bytes break a rule of the format.
    case malformed(reason: String)
    /// The container has no section of this name.
    case missingSection(name: String)
    /// The container has a section that cannot be done without and is not read; `content` says what it holds, if that
    /// is known.
    case unreadSection(name: String, content: String?)
    /// The caller broke a rule of the interface; the file is not to blame.
    case misuse(reason: String)
  }

  /// What went wrong.
  package let kind: Kind
  /// The path that the caller gave.
  package let path: String
  /// The offset of the bad byte in the file, if there is one.
  package let offset: UInt64?

  /// Creates an error from its kind and place.
  package init(_ kind: Kind, path: String, offset: UInt64? = nil) {
    self.kind = kind
    self.path = path
    self.offset = offset
  }
}

extension StorageError: CustomStringConvertible {
  /// One line: the path, what was found, what was expected and, if there is one, the next step.
  package var description: String {
    let place = offset.map { " (at byte \($0))" } ?? ""
    return "\(singleLine(path)): \(problem)\(place)\(advice.map { " — \($0)" } ?? "")"
  }

  private var problem: String {
    switch kind {
    case .system(let call, let code):
      "\(call.rawValue) failed: \(systemErrorMessage(code)) (error \(code))"
    case .isDirectory: "is a directory, expected a file"
    case .notRegularFile: "is a pipe, socket or device, expected a regular file"
    case .readOnly: "is read-only"
    case .busy(let seconds):
      "is being changed by another program, which \(seconds) s have not ended"
    case .noDirectory(let directory): "there is no folder \(singleLine(directory))"
    case .readOnlyDirectory(let directory): "the folder \(singleLine(directory)) cannot be written"
    case .zeroByteInPath: "the path holds a zero byte, which no file name can"
    case .replacedNotSynchronized(let code):
      "is written and in place, but its folder could not be brought to the disk: "
        + "\(systemErrorMessage(code)) (error \(code))"
    case .empty: "is empty (0 bytes), expected a TurboQuant container"
    case .truncated(let expected, let found):
      "is cut short: \(found) bytes, expected \(expected)"
    case .trailingBytes(let expected, let found):
      "is too long: \(found) bytes, expected \(expected)"
    case .wrongMagic(let found):
      if let name = nameOfFormat(beginning: found) {
        "\(name), not a TurboQuant container"
      } else {
        "not a TurboQuant container (first bytes are \(hexadecimal(found)), "
          + "expected \(hexadecimal(ContainerFormat.magic)))"
      }
    case .newerVersion(let version):
      "container version \(version), newer than version \(ContainerFormat.version), "
        + "the last one known here"
    case .wrongKind(let found, let expected):
      "holds \(contentOfContainer(kind: found)), expected \(contentOfContainer(kind: expected))"
    case .headerDamaged: "damaged: the header does not match its checksum"
    case .checksumMismatch(let region): "damaged: \(region) does not match its checksum"
    case .malformed(let reason): "malformed container: \(reason)"
    case .missingSection(let name): "has no section \"\(singleLine(name))\""
    case .unreadSection(let name, let content):
      "section \"\(singleLine(name))\"" + (content.map { ": \($0)" } ?? "")
        + ", which this build does not read"
    case .misuse(let reason): "misuse of the storage interface: \(singleLine(reason))"
    }
  }

  private var advice: String? {
    switch kind {
    case .system(_, ErrorNumber.notFound): "check the path and that its folder exists"
    case .system(_, ErrorNumber.permissionDenied): "check the permissions of file and folder"
    case .system(_, ErrorNumber.noSpace): "free some space, or write to another disk"
    case .system, .misuse, .notRegularFile: nil
    case .readOnly: "make it writable, or name another file"
    case .busy: "try again when that has ended"
    case .noDirectory: "make it, or name another file"
    case .readOnlyDirectory: "check its permissions"
    case .zeroByteInPath: "name another file"
    case .replacedNotSynchronized: "do not repeat it; a power cut may still bring the old file back"
    case .isDirectory: "name a file inside it"
    case .empty, .truncated: "was it copied or written completely?"
    case .trailingBytes: "was something appended to it?"
    case .wrongMagic, .wrongKind: "is it the right file?"
    case .newerVersion, .unreadSection: "update turboquant"
    case .headerDamaged, .checksumMismatch: "restore it from a good copy"
    case .malformed: "was it written by another program?"
    case .missingSection: "was it written by another version?"
    }
  }
}

extension StorageError {
  /// What is wrong with a URL that names no file of this machine.
  package static let refusalOfURL =
    "names no file of this machine, expected a file URL such as file:///tmp/a"

  /// The message of the errors that refuse such a URL.
  package static func refusal(ofURL url: String) -> String { "\(singleLine(url)): \(refusalOfURL)" }
}

/// Writes bytes as two hexadecimal digits each, separated by spaces.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined(separator: " ")
}

/// Escapes control characters, so that text from a path or a file cannot break a one-line message.
package func singleLine(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
    return text
  }
  return text.unicodeScalars.map { scalar in
    scalar.properties.generalCategory == .control
      ? scalar.escaped(asASCII: true) : String(scalar)
  }.joined()
}
