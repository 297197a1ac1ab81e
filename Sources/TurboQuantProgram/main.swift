// The program `turboquant`.
internal import TurboQuantCLI

Program.main()
