/// What is wrong with the files of a model.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The kinds of fault.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The file breaks its format.
    case damaged
    /// A tensor is missing, or has a shape or type the configuration does not lead to.
    case tensor
    /// The file asks for something this example does not implement.
    case unsupported
  }

  /// The kind of fault.
  public let kind: Kind
  /// The file.
  public let file: String
  /// What was found and what was expected.
  public let reason: String

  /// One line: the file and the reason.
  public var description: String { "\(file): \(reason)" }

  init(_ kind: Kind, _ file: String, _ reason: String) {
    self.kind = kind
    self.file = file
    self.reason = reason
  }
}
