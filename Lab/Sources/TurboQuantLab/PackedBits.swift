extension [UInt8] {
  /// Bit `i`, the least significant one of each byte first.
  func bit(_ i: Int) -> Bool { self[i / 8] >> UInt8(i % 8) & 1 == 1 }
}
