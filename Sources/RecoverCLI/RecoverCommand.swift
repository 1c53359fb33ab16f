internal import ArgumentParser

/// The root of the command line.
struct RecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Recover databases, prove it, and go back by itself when something fails.",
    discussion: """
      In an incident:
        recover inspect backup.sql            what it holds, whether it is whole
        recover files --from a.tar.gz --verify   the same of a tar archive
        recover db --from backup.sql --plan   what would happen; changes nothing
        recover db --from backup.sql          do it
        recover runs                          what ran, what is still open
        recover resume RUN                    go on after a crash or a pause
        recover undo RUN                      swap back within the retention
        recover rollback --plan               go back to a release that worked
        recover health                        what works and what does not

      Exit statuses:
        0  all verified                   5  backup refused
        1  failed before any effect       6  target claimed by another run
        2  usage or policy error          7  plan drifted or not confirmed
        3  failed, and rolled back clean  9  waiting or paused
        4  needs an operator              130, 143  interrupted, resumable

      Completions for your shell (bash, zsh or fish):
        recover --generate-completion-script bash > recover.bash
      """,
    version: RecoverVersion.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Recover",
        subcommands: [
          DatabaseCommand.self, FilesCommand.self, RollbackCommand.self, RunCommand.self, UndoCommand.self,
          InspectCommand.self,
        ]),
      CommandGroup(
        name: "Releases",
        subcommands: [
          DeployCommand.self, ReleasesCommand.self,
        ]),
      CommandGroup(name: "Back up", subcommands: [BackupCommand.self]),
      CommandGroup(
        name: "Runs",
        subcommands: [
          RunsCommand.self, ShowCommand.self, LogsCommand.self, ResumeCommand.self, PauseCommand.self,
          CancelCommand.self, ApproveCommand.self, RejectCommand.self, CompensateCommand.self, AbandonCommand.self,
        ]),
      CommandGroup(
        name: "Look after",
        subcommands: [
          HealthCommand.self, ServicesCommand.self, PolicyCommand.self, LockCommand.self, CleanupCommand.self,
          DoctorCommand.self,
        ]),
    ])
}

/// The version of the program.
enum RecoverVersion {
  static let text = "0.1.0"
}
