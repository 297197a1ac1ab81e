// Option structs, which may be shorter or longer than those that this version knows.

/// A struct whose first member is its size.
protocol OptionStruct {
  init()
  var struct_size: Int { get set }
}

extension OptionStruct {
  /// The caller's struct, with 0 for members that the caller does not know; all 0 for NULL.
  init(_ pointer: UnsafePointer<Self>?) throws(CallError) {
    self.init()
    guard let pointer = unsafe pointer else { return }
    let bytes = try unsafe Self.bytes(UnsafeMutableRawPointer(mutating: UnsafeRawPointer(pointer)))
    let own = MemoryLayout<Self>.size
    guard unsafe bytes.dropFirst(own).allSatisfy({ $0 == 0 }) else {
      throw .options("\(Self.self) has members that this version of the library does not know")
    }
    unsafe Swift.withUnsafeMutableBytes(of: &self) { own in
      for i in 0..<min(own.count, bytes.count) { unsafe own[i] = bytes[i] }
    }
  }

  /// Writes as much as the caller's struct has room for; members that this version does not know become 0.
  func write(to pointer: UnsafeMutablePointer<Self>?) throws(CallError) {
    guard let pointer = unsafe pointer else { throw .null("\(Self.self)") }
    let bytes = try unsafe Self.bytes(UnsafeMutableRawPointer(pointer))
    var value = self
    value.struct_size = bytes.count
    unsafe Swift.withUnsafeBytes(of: value) { own in
      for i in 0..<bytes.count { unsafe bytes[i] = i < own.count ? own[i] : 0 }
    }
  }

  /// The bytes of a struct, as many as its first member says.
  private static func bytes(
    _ pointer: UnsafeMutableRawPointer
  ) throws(CallError) -> UnsafeMutableRawBufferPointer {
    guard UInt(bitPattern: pointer) % UInt(MemoryLayout<Self>.alignment) == 0 else {
      throw .misaligned("\(Self.self)", MemoryLayout<Self>.alignment)
    }
    let size = unsafe pointer.load(as: Int.self)
    // No version has a struct of a kibibyte; such a number was never set.
    guard size >= MemoryLayout<Int>.size, size <= 1024 else {
      throw .options(
        "the struct_size of \(Self.self) is \(UInt(bitPattern: size)); set it to its sizeof")
    }
    return unsafe UnsafeMutableRawBufferPointer(start: pointer, count: size)
  }
}

/// Refuses a reserved member that is not 0, which a later version gives a meaning.
func checkReserved(_ member: Int32) throws(CallError) {
  guard member == 0 else { throw .options("a reserved member is \(member), expected 0") }
}

/// The case that `number` names; 0 names `standard`.
func choice<Choice>(
  _ number: Int32, _ name: String, standard: Choice, _ choices: [(Int, Choice)]
) throws(CallError) -> Choice {
  if number == 0 { return standard }
  guard let choice = choices.first(where: { $0.0 == Int(number) }) else {
    throw .value(number, "a \(name)")
  }
  return choice.1
}
