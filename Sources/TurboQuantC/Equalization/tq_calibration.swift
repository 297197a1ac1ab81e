// tq_calibration: the equalizations of a model's layers.

public import CTurboQuant
internal import TurboQuantKVCache
internal import TurboQuantThreads

/// A calibration with a handle.
final class CalibrationResource: Resource {
  static let kind = HandleKind.calibration
  private let calibration: Guarded<KVCalibration>

  init(_ calibration: KVCalibration) { self.calibration = Guarded(calibration) }

  /// The calibration as it is now.
  var snapshot: KVCalibration { calibration.withLock { $0 } }

  func append(_ layer: KVEqualization?) { calibration.withLock { $0.layers.append(layer) } }
}

/// Creates a calibration of no layers.
@c @implementation
public func tq_calibration_create(
  _ calibration: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let calibration = try unsafe emptied(calibration, "calibration")
    unsafe calibration.pointee = try HandleTable.add(
      CalibrationResource(KVCalibration(layers: [])))
  }
}

/// Frees a calibration.
@c @implementation
public func tq_calibration_free(_ calibration: OpaquePointer?) -> tq_status {
  call { try unsafe HandleTable.remove(calibration, as: CalibrationResource.self) }
}

/// The number of layers.
@c @implementation
public func tq_calibration_count(
  _ calibration: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let layers = try unsafe calibrationOf(calibration).snapshot.layers
    try unsafe place(count, "count").pointee = layers.count
  }
}

/// Appends a layer.
@c @implementation
public func tq_calibration_append(
  _ calibration: OpaquePointer?, _ kind: tq_equalization, _ numbers: UnsafePointer<Float>?,
  _ count: Int, _ heads: Int
) -> tq_status {
  call {
    let calibration = try unsafe calibrationOf(calibration)
    let layer = try unsafe KVEqualization.of(
      kind, numbers: numbers, count: count, heads: size(heads))
    guard layer != nil || heads == 0 else {
      throw CallError.options("heads have no effect without an equalization")
    }
    calibration.append(layer)
  }
}

/// The numbers of a layer.
@c @implementation
public func tq_calibration_layer(
  _ calibration: OpaquePointer?, _ layer: Int, _ kind: UnsafeMutablePointer<tq_equalization>?,
  _ heads: UnsafeMutablePointer<Int>?, _ dimension: UnsafeMutablePointer<Int>?,
  _ numbers: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> tq_status {
  call {
    let layers = try unsafe calibrationOf(calibration).snapshot.layers
    guard layers.indices.contains(layer) else {
      throw CallError.value(size(layer), "a layer, of which there are \(layers.count)")
    }
    let layer = layers[layer]
    let all = layer?.heads.flatMap { $0 } ?? []
    try unsafe place(kind, "kind").pointee =
      layer?.kind.number ?? tq_equalization(TQ_EQUALIZATION_NONE)
    try unsafe place(heads, "heads").pointee = layer?.heads.count ?? 0
    try unsafe place(dimension, "dimension").pointee = layer?.dimension ?? 0
    try unsafe place(count, "count").pointee = all.count
    try unsafe output(numbers, capacity: capacity, needed: all.count, "numbers").copy(all)
  }
}

/// Writes a file.
@c @implementation
public func tq_calibration_save(
  _ calibration: OpaquePointer?, _ file: UnsafePointer<CChar>?
) -> tq_status {
  call { try unsafe calibrationOf(calibration).snapshot.save(to: path(file)) }
}

/// Reads a file.
@c @implementation
public func tq_calibration_open(
  _ file: UnsafePointer<CChar>?, _ calibration: UnsafeMutablePointer<OpaquePointer?>?
) -> tq_status {
  call {
    let calibration = try unsafe emptied(calibration, "calibration")
    unsafe calibration.pointee = try unsafe HandleTable.add(
      CalibrationResource(KVCalibration(contentsOf: path(file))))
  }
}

/// The calibration of a handle.
private func calibrationOf(_ calibration: OpaquePointer?) throws(CallError) -> CalibrationResource {
  try unsafe HandleTable.find(calibration, as: CalibrationResource.self)
}
