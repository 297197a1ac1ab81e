public import Foundation

/// A file of named tensors: eight bytes of header length, a header in JSON, the tensors' bytes.
///
/// The whole header is checked when the file is opened. Afterwards, each tensor's bytes are known to lie
/// inside the file, and their number to match the tensor's shape and type.
public struct Safetensors: Sendable {
  /// The file's name, for messages.
  public let file: String
  /// The tensors, by name.
  let tensors: [ExactText: TensorEntry]
  /// The bytes of all tensors; the file is mapped, not read.
  private let bytes: Data

  /// Opens a file.
  ///
  /// Throws `CheckpointError` when the file cannot be read or breaks the format.
  public init(contentsOf url: URL) throws {
    try self.init(FileBytes.read(url, mapped: true), file: url.path)
  }

  /// Reads the bytes of a file; `file` names it in messages.
  public init(_ data: Data, file: String) throws {
    guard data.count >= 8 else {
      throw CheckpointError(
        .damaged, file, "has \(data.count) bytes, expected at least the 8 of the header's length")
    }
    let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let limit = UInt64(min(data.count - 8, Self.largestHeader))
    guard length <= limit else {
      throw CheckpointError(
        .damaged, file, "says its header has \(length) bytes, expected at most \(limit)")
    }
    let start = data.startIndex + 8
    let header = data[start..<start + Int(length)]
    guard header.first == UInt8(ascii: "{") else {
      throw CheckpointError(
        .damaged, file, "has a header that does not begin with {, as JSON of one")
    }
    self.file = file
    bytes = data[header.endIndex...]
    tensors = try TensorEntry.parse(Data(header), file: file)
    try TensorEntry.checkLayout(tensors, byteCount: bytes.count, file: file)
  }

  /// The format's limit for the header's size.
  private static let largestHeader = 100_000_000

  /// The names of all tensors.
  public var names: some Collection<String> { tensors.keys.lazy.map(\.description) }

  /// Reads a tensor as float32.
  ///
  /// Throws `CheckpointError` when no tensor has that name, when its shape differs or its type is not
  /// a float, and when one of its numbers is not finite.
  public func floats(_ name: String, shape: [Int]) throws -> [Float] {
    let (entry, type) = try check(name, shape: shape)
    let start = bytes.startIndex
    let floats = type.widen(
      bytes[start + entry.offsets.lowerBound..<start + entry.offsets.upperBound])
    if let index = floats.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError(
        .damaged, file,
        "tensor \(name) of shape \(shape) has \(floats[index]) as element \(index), expected "
          + "finite numbers")
    }
    return floats
  }

  /// Checks that there is such a tensor, without reading it.
  @discardableResult
  func check(_ name: String, shape: [Int]) throws -> (TensorEntry, FloatType) {
    guard let entry = tensors[ExactText(name)] else {
      throw CheckpointError(.tensor, file, "has no tensor \(name), expected one of shape \(shape)")
    }
    guard entry.shape == shape else {
      throw CheckpointError(
        .tensor, file, "tensor \(name) has shape \(entry.shape), expected \(shape)")
    }
    guard let type = FloatType(rawValue: entry.dtype.description) else {
      throw CheckpointError(
        .unsupported, file, "tensor \(name) has type \(entry.dtype), expected F16, BF16 or F32")
    }
    return (entry, type)
  }
}
