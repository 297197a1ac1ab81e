// Handles: numbers in the place of pointers, so that a caller's mistake is found in a table and not in memory.

internal import TurboQuantThreads

/// What a handle stands for.
enum HandleKind: UInt, CustomStringConvertible {
  case codec = 1
  case query, index, hits, cache, statistics, calibration

  var description: String {
    switch self {
    case .codec: "tq_codec"
    case .query: "tq_query"
    case .index: "tq_index"
    case .hits: "tq_hits"
    case .cache: "tq_cache"
    case .statistics: "tq_statistics"
    case .calibration: "tq_calibration"
    }
  }
}

/// An object that has a handle.
protocol Resource: AnyObject, Sendable {
  static var kind: HandleKind { get }
}

/// All handles of the process.
///
/// A handle is, from its lowest bit: 4 bits of kind, 32 bits of place in the table, 28 bits that count how often the
/// place was used before. A place whose count ends is not used again, so no handle is ever given twice.
enum HandleTable {
  fileprivate struct Place {
    // From 1, so that no small number is a handle.
    var uses: UInt = 1
    var resource: (any Resource)?
  }

  fileprivate struct Places {
    var all: [Place] = []
    var free: [Int] = []
  }

  private static let places = Guarded(Places())
  fileprivate static let largestUses: UInt = 1 << 28 - 1
  private static let largestCount = 1 << 32

  /// A handle of `resource`, which lives until the handle is freed.
  static func add<R: Resource>(_ resource: R) throws(CallError) -> OpaquePointer? {
    let bits = places.withLock { places -> UInt? in
      let place = places.free.popLast() ?? places.all.count
      guard place < largestCount else { return nil }
      if place == places.all.count { places.all.append(Place()) }
      places.all[place].resource = resource
      return R.kind.rawValue | UInt(place) << 4 | places.all[place].uses << 36
    }
    guard let bits else { throw .size("the table of handles") }
    return unsafe OpaquePointer(bitPattern: bits)
  }

  /// The object of a handle.
  static func find<R: Resource>(_ handle: OpaquePointer?, as: R.Type = R.self) throws(CallError)
    -> R
  {
    let bits = UInt(bitPattern: handle)
    let resource = places.withLock { $0.resource(of: bits) }
    return try checked(resource)
  }

  /// Frees a handle; NULL is none.
  static func remove<R: Resource>(_ handle: OpaquePointer?, as: R.Type) throws(CallError) {
    guard let handle = unsafe handle else { return }
    let bits = UInt(bitPattern: handle)
    let resource = places.withLock { places -> (any Resource)? in
      let resource = places.resource(of: bits)
      if resource is R { places.free(place(of: bits)) }
      return resource
    }
    // The object is destroyed after the lock is released, by the last call that uses it.
    let _: R = try checked(resource)
  }

  private static func checked<R: Resource>(_ resource: (any Resource)?) throws(CallError) -> R {
    guard let resource else { throw .invalidHandle(R.kind) }
    guard let found = resource as? R else {
      throw .wrongHandle(type(of: resource).kind, expected: R.kind)
    }
    return found
  }

  fileprivate static func place(of bits: UInt) -> Int { Int(bits >> 4 & 0xFFFF_FFFF) }
}

extension HandleTable.Places {
  /// The object of a handle that is in use.
  func resource(of bits: UInt) -> (any Resource)? {
    let place = HandleTable.place(of: bits)
    guard place < all.count, all[place].uses == bits >> 36, let resource = all[place].resource,
      type(of: resource).kind.rawValue == bits & 15
    else { return nil }
    return resource
  }

  mutating func free(_ place: Int) {
    all[place].resource = nil
    guard all[place].uses < HandleTable.largestUses else { return }
    all[place].uses += 1
    free.append(place)
  }
}
