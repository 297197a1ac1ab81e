internal import TurboQuantStorage

/// A failure to read or write a file of vectors: what went wrong, in which file, and where in it.
public struct VectorFileError: Error, Equatable, Sendable {
  /// What went wrong.
  public enum Kind: Equatable, Sendable {
    /// There is no file at the path.
    case notFound
    /// The file's permissions forbid the access.
    case permissionDenied
    /// The operating system refused `call` with the error number `code`.
    case system(call: String, code: Int32)
    /// The path names a directory.
    case isDirectory
    /// The path names a pipe, socket or device.
    case notRegularFile
    /// The file may not be written.
    case readOnly
    /// Another program is changing the file, even after a wait of `seconds`.
    case busy(seconds: Int)
    /// The new file is in place, but its directory could not be synchronized with the disk.
    case replacedNotSynchronized(code: Int32)
    /// The file has no bytes.
    case empty
    /// The file name has none of the supported extensions.
    case unknownExtension(String)
    /// The file does not begin with the magic bytes of its format.
    case wrongMagic(found: [UInt8])
    /// The version of the `.npy` format is not 1.0, 2.0 or 3.0.
    case unsupportedVersion(major: Int, minor: Int)
    /// The header breaks a rule of its format.
    case malformedHeader(reason: String)
    /// The array's elements have an unsupported type, given in NumPy's notation.
    case unsupportedElementType(String)
    /// The array comes from a stream and is stored column by column.
    case fortranOrder
    /// The array does not have two dimensions.
    case wrongRank(Int)
    /// The array has an axis of length 0, so it has no coordinates.
    case noNumbers([Int])
    /// Ids are expected, but the elements have another type, given in NumPy's notation.
    case notWholeNumbers(String)
    /// Ids are expected, but the array is not a list.
    case notAList([Int])
    /// Ids are expected, but one is negative.
    case negativeNumber(Int)
    /// The dimension is 0 or negative.
    case invalidDimension(Int)
    /// The header claims more bytes than any file can hold.
    case impossibleSize
    /// The file is shorter than its header says.
    case truncated(expected: UInt64, found: UInt64)
    /// The file is longer than its header says; `found` counts the bytes seen.
    case trailingBytes(expected: UInt64, found: UInt64)
    /// A line is longer than `byteCount` bytes, the longest line of a text.
    case lineTooLong(byteCount: Int)
    /// A pipe or device does not end after `byteCount` bytes.
    case endless(byteCount: Int)
    /// Nobody has opened the pipe for writing within `seconds`.
    case noWriter(seconds: Int)
    /// A row's dimension differs from the first row's.
    case differingDimension(expected: Int, found: Int)
    /// A value is NaN.
    case notANumber
    /// A value is infinite.
    case infinite
    /// A float64 value exceeds the range of float32.
    case overflowsFloat32(Double)
    /// The caller broke a rule of the interface; the file is not to blame.
    case misuse(reason: String)
  }

  /// What went wrong.
  public let kind: Kind
  /// The path, or "standard input".
  public let path: String
  /// The offset of the bad byte in the file, if there is one.
  public let offset: UInt64?
  /// The bad row, counted from 0, if there is one.
  public let row: Int?
  /// The bad column, counted from 0, if there is one.
  public let column: Int?

  /// Creates an error from its kind and place.
  package init(
    _ kind: Kind, path: String, offset: UInt64? = nil, row: Int? = nil, column: Int? = nil
  ) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.row = row
    self.column = column
  }

  /// The error of a URL that names no file of this machine.
  package init(noFile url: String) {
    self.init(.misuse(reason: StorageError.refusalOfURL), path: url)
  }

  /// Translates an error of the storage layer; only some of its kinds can occur with a vector file.
  init(_ error: StorageError) {
    let kind: Kind =
      switch error.kind {
      case .system(_, ErrorNumber.notFound): .notFound
      case .system(_, ErrorNumber.permissionDenied): .permissionDenied
      case .system(let call, let code): .system(call: call.rawValue, code: code)
      case .isDirectory: .isDirectory
      case .notRegularFile: .notRegularFile
      case .empty: .empty
      case .readOnly: .readOnly
      case .busy(let seconds): .busy(seconds: seconds)
      case .replacedNotSynchronized(let code): .replacedNotSynchronized(code: code)
      case .zeroByteInPath: .misuse(reason: "the path holds a zero byte, which no file name can")
      case .misuse(let reason): .misuse(reason: reason)
      default: .misuse(reason: error.description)
      }
    self.init(kind, path: error.path, offset: error.offset)
  }
}

extension VectorFileError: CustomStringConvertible {
  /// One line: the path, what was found, what was expected and, if there is one, the next step.
  public var description: String {
    var places: [String] = []
    if let row { places.append("row \(row)") }
    if let column { places.append("column \(column)") }
    if let offset { places.append("byte \(offset)") }
    let place = places.isEmpty ? "" : " (at \(places.joined(separator: ", ")))"
    return "\(singleLine(path)): \(problem)\(place)\(advice.map { " — \($0)" } ?? "")"
  }

  private var problem: String {
    switch kind {
    case .notFound: "no such file"
    case .permissionDenied: "permission denied"
    case .system(let call, let code): "\(call) failed: \(systemErrorMessage(code)) (error \(code))"
    case .isDirectory: "is a directory, expected a file"
    case .notRegularFile: "is a pipe, socket or device, expected a regular file"
    case .readOnly: "is read-only"
    case .busy(let seconds):
      "is being changed by another program, which \(seconds) s have not ended"
    case .replacedNotSynchronized(let code):
      "is written and in place, but its folder could not be brought to the disk: "
        + "\(systemErrorMessage(code)) (error \(code))"
    case .empty: "is empty (0 bytes), expected a file of vectors"
    case .unknownExtension(".npz"):
      "a .npz archive of several arrays, expected one array in a .npy file"
    case .unknownExtension(let found):
      (found.isEmpty ? "no extension" : "unknown extension \"\(singleLine(found))\"")
        + ", expected \(VectorFile.Format.extensionList)"
    case .wrongMagic(let found):
      if let name = nameOfFormat(beginning: found) {
        "\(name), not a .npy file"
      } else {
        "not a .npy file (\(firstBytes(found)), expected \(hexadecimal(NpyHeader.magic)))"
      }
    case .unsupportedVersion(let major, let minor):
      ".npy format version \(major).\(minor), expected 1.0, 2.0 or 3.0"
    case .malformedHeader(let reason): "malformed header: \(singleLine(reason))"
    case .unsupportedElementType(let found):
      "dtype \(singleLine(NumpyType(text: found).description)), expected float16, float32 or float64"
    case .fortranOrder: "in Fortran order, so that the first row ends with the stream"
    case .wrongRank(let rank):
      "the array has \(rank) dimension\(rank == 1 ? "" : "s"), expected 2 (vectors by coordinates)"
    case .invalidDimension(let found): "dimension \(found), expected at least 1"
    case .noNumbers(let shape): "the array has the shape \(tuple(shape)) and no numbers in it"
    case .notWholeNumbers(let found):
      "dtype \(singleLine(NumpyType(text: found).description)), expected ids, which are integers"
    case .notAList(let shape): "the array has the shape \(tuple(shape)), expected a list of ids"
    case .negativeNumber(let number): "the id \(number), expected numbers from 0 on"
    case .lineTooLong(let byteCount): "a line of more than \(byteCount) bytes, expected text"
    case .endless(let byteCount): "goes on after \(byteCount) bytes, expected an end"
    case .noWriter(let seconds): "a pipe that nobody writes to (waited \(seconds) s)"
    case .impossibleSize: "the header claims more bytes than any file can hold"
    case .truncated(let expected, let found): "is cut short: \(found) bytes, expected \(expected)"
    case .trailingBytes(let expected, let found):
      "is too long: \(found) bytes, expected \(expected)"
    case .differingDimension(let expected, let found):
      "a row of dimension \(found), expected \(expected) as in row 0"
    case .notANumber: "a value is NaN, expected finite numbers"
    case .infinite: "a value is infinite, expected finite numbers"
    case .overflowsFloat32(let value): "the float64 value \(value) does not fit in float32"
    case .misuse(let reason): "misuse of the interface: \(singleLine(reason))"
    }
  }

  private var advice: String? {
    switch kind {
    case .notFound: "check the path"
    case .permissionDenied: "check who may read or write it"
    case .isDirectory: "name a file inside it"
    case .notRegularFile: "to read a .npy stream, pipe it to standard input and name it \"-\""
    case .readOnly: "make it writable, or name another file"
    case .busy: "try again when that has ended"
    case .replacedNotSynchronized: "do not repeat it; a power cut may still bring the old file back"
    case .empty, .truncated: "was it copied or written completely?"
    case .unknownExtension(let found): extensionAdvice(found.lowercased())
    case .wrongMagic(let found): wrongMagicAdvice(found)
    case .unsupportedVersion, .malformedHeader: "write it again with numpy.save"
    case .unsupportedElementType(let found): NumpyType(text: found).advice
    case .fortranOrder: "convert with numpy.ascontiguousarray(x), or name a file"
    case .wrongRank(1): "for one vector use x.reshape(1, -1)"
    case .noNumbers: "was the right array saved?"
    case .notWholeNumbers(let found):
      NumpyType(text: found).isBoolean
        ? "save numpy.flatnonzero(x)" : "convert with x.astype(numpy.uint64)"
    case .notAList: "use x.ravel()"
    case .negativeNumber: "give every row an id from 0 to \(UInt64.max)"
    case .lineTooLong, .endless: "is it the right file?"
    case .noWriter: "start what writes to it first"
    case .wrongRank: "use x.reshape(-1, x.shape[-1])"
    case .trailingBytes: "was something appended to it?"
    case .differingDimension, .invalidDimension, .impossibleSize: "is the file damaged?"
    case .notANumber, .infinite: "remove such rows, or see numpy.isfinite(x).all(axis=1)"
    case .overflowsFloat32: "scale the vectors down"
    case .system, .misuse: nil
    }
  }

  private func extensionAdvice(_ found: String) -> String {
    switch found {
    case ".npz": Self.archiveAdvice
    case ".tqv": "these are codes; decode them first"
    case ".tqi", ".tqkv": "an index or a cache holds codes; name the vectors it was made from"
    case ".csv", ".tsv", ".txt": "convert it: numpy.save('x.npy', numpy.loadtxt(…, numpy.float32))"
    case "": "rename it to end in .npy if numpy.save wrote it, or write it with numpy.save"
    default: "convert it with numpy.save"
    }
  }

  private func wrongMagicAdvice(_ found: [UInt8]) -> String {
    found.starts(with: "PK".utf8) ? Self.archiveAdvice : "write it with numpy.save"
  }

  private static let archiveAdvice =
    "save one of its arrays: numpy.save('x.npy', numpy.load('x.npz')['name'])"

  /// A shape in NumPy's notation.
  private func tuple(_ shape: [Int]) -> String {
    "(\(shape.map { "\($0)" }.joined(separator: ", "))\(shape.count == 1 ? "," : ""))"
  }

  private func firstBytes(_ found: [UInt8]) -> String {
    let isText = found.allSatisfy { (0x20..<0x7F).contains($0) || (0x09...0x0D).contains($0) }
    guard isText, !found.isEmpty else { return "first bytes are \(hexadecimal(found))" }
    return "it looks like text and begins \"\(singleLine(String(decoding: found, as: UTF8.self)))\""
  }
}

/// Runs `body` and translates errors of the storage layer.
func translatingErrors<Result: ~Copyable>(
  _ body: () throws(StorageError) -> Result
) throws(VectorFileError) -> Result {
  do throws(StorageError) {
    return try body()
  } catch {
    throw VectorFileError(error)
  }
}
