extension [UInt8] {
  /// Bit `i`, where the least significant bit of each byte comes first.
  func bit(_ i: Int) -> Bool { self[i / 8] >> UInt8(i % 8) & 1 == 1 }
}
