/// A fault in the files of a model.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The kinds of fault.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The file breaks a rule of its format.
    case damaged
    /// A tensor is missing, or its shape or type does not match the configuration.
    case tensor
    /// The file needs something that this example does not implement.
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
