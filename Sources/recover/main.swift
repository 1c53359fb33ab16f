import RecoverCLI

await RecoverMain.run()
