internal import CTurboQuant
internal import TurboQuantCLI

/// Runs the program `turboquant`.
@c @implementation
public func tq_main(_ argc: Int32, _ argv: UnsafePointer<UnsafePointer<CChar>?>?) -> Int32 {
  unsafe Program.run(ProgramWords(argc, argv))
}
