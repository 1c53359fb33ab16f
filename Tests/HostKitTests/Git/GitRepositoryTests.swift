internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

/// The driver on real repositories.
@Suite(.serialized)
struct GitRepositoryTests {
  @Test("revisions resolve to commits, and what is none is nil")
  func revisions() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      let first = try scene.commit("first: with a % and \"quotes\"", ["a": "1"])
      let second = try scene.commit("second", ["a": "2"])
      try scene.git("tag", "-a", "v1", "-m", "tagged", first)
      #expect(try scene.repository.commit(of: "HEAD")?.id == second)
      #expect(try scene.repository.commit(of: "v1")?.id == first)
      #expect(try scene.repository.commit(of: "v1")?.subject == "first: with a % and \"quotes\"")
      #expect(try scene.repository.commit(of: "HEAD~1")?.id == first)
      #expect(try scene.repository.commit(of: "HEAD~2") == nil)
      #expect(try scene.repository.commit(of: "no such thing") == nil)
      #expect(try scene.repository.commit(of: "--all") == nil)
      #expect(try scene.repository.commit(of: "HEAD:a") == nil)
      #expect(try scene.repository.count(of: second, without: first) == 1)
    }
  }

  @Test("neither hooks nor a repository above change what is done")
  func surroundings() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      let commit = try scene.commit("first", ["a": "1", "sub/b": "2"])
      try scene.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch \(scratch.file("hook-ran"))\n")
      try TestProcess.output(["chmod", "+x", "\(scene.path)/.git/hooks/post-checkout"])
      #expect(try scene.repository.status() == GitStatus(commit: commit, branch: "main"))
      try await scene.repository.checkOut(commit, in: scratch.context())
      #expect(!scratch.exists("hook-ran"))
      #expect(throws: RecoverError.self) { try GitRepository(directory: "\(scene.path)/sub").commonDirectory() }
    }
  }

  @Test(
    "what git is in the middle of has a name",
    arguments: [
      ("merge", "git merge side"), ("rebase", "git rebase side"), ("cherry-pick", "git cherry-pick side"),
      ("revert", "git revert HEAD~1"), ("bisect", "git bisect start"),
    ])
  func inProgress(name: String, command: String) async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      try scene.commit("base", ["a": "base"])
      try scene.git("branch", "side")
      try scene.commit("ours", ["a": "ours"])
      try scene.commit("ours again", ["a": "ours again"])
      try scene.git("checkout", "--quiet", "side")
      try scene.commit("theirs", ["a": "theirs"])
      try scene.git("checkout", "--quiet", "main")
      #expect(try scene.repository.operationInProgress() == nil)
      _ = try TestProcess.run(["sh", "-c", "cd \(scene.path) && \(command)"])
      #expect(try scene.repository.operationInProgress() == name)
    }
  }

  @Test("changes to the index and to files are stashed by object, discarded, and brought back as they were")
  func stash() async throws {
    try await Scratch.with { scratch in
      let (scene, context) = (try GitScene(in: scratch), scratch.context())
      try scene.commit("base", ["a": "1", "b": "1"])
      try scene.write("a", "staged")
      try scene.git("add", "a")
      try scene.write("b", "changed")
      try scene.write("untracked", "stays")
      let stash = try #require(try await scene.repository.makeStash("test", in: context))
      #expect(try scene.text("a") == "staged")
      #expect(try scene.repository.stashes().isEmpty)
      try await scene.repository.storeStash(stash, "test", in: context)
      try await scene.repository.discardChanges(in: context)
      #expect(try scene.repository.status().isClean)
      #expect(try scene.text("untracked") == "stays")
      // Somebody else's stash comes on top.
      try scene.write("a", "another")
      try scene.git("stash", "push", "--quiet")
      try await scene.repository.applyStash(stash, in: context)
      try await scene.repository.dropStash(stash, in: context)
      #expect(try scene.git("diff", "--cached", "--name-only") == "a")
      #expect(try scene.git("diff", "--name-only") == "b")
      #expect(try scene.text("b") == "changed")
      #expect(try scene.repository.stashes().count == 1)
      let again = try #require(try await scene.repository.makeStash("again", in: context))
      #expect(try scene.repository.trees(ofStash: again) == scene.repository.trees(ofStash: stash))
    }
  }

  @Test("a checkout detaches HEAD, moves no branch, and never overwrites what git does not track")
  func checkOut() async throws {
    try await Scratch.with { scratch in
      let (scene, context) = (try GitScene(in: scratch), scratch.context())
      let first = try scene.commit("first", ["a": "1", ".gitignore": "ignored\n"])
      let second = try scene.commit("second", ["a": "2"])
      try scene.git("checkout", "--quiet", "-b", "later")
      try scene.write("ignored", "tracked now")
      try scene.git("add", "-f", "ignored")
      let third = try scene.commit("third", [:])
      try scene.git("checkout", "--quiet", "main")
      try await scene.repository.checkOut(first, in: context)
      #expect(try scene.repository.status() == GitStatus(commit: first))
      #expect(try scene.git("rev-parse", "main") == second)
      try scene.write("ignored", "mine")
      await #expect(throws: RecoverError.self) { try await scene.repository.checkOut(third, in: context) }
      #expect(try scene.text("ignored") == "mine")
      try await scene.repository.checkOut(second, in: context)
      try await scene.repository.attach(to: "main", in: context)
      #expect(try scene.repository.status() == GitStatus(commit: second, branch: "main"))
    }
  }

  @Test("files that a commit adds are told with their objects, and files have those objects")
  func addedFiles() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      let first = try scene.commit("first", ["a": "1"])
      let second = try scene.commit("second", ["a": "2", "dir/new file": "x", "other": "y"])
      var added: [String: String] = [:]
      try scene.repository.forEachAddedFile(from: first, to: second) { added[$0] = $1 }
      #expect(added.keys.sorted() == ["dir/new file", "other"])
      #expect(
        try scene.repository.objectIDs(of: ["other", "dir/new file"]) == [added["other"], added["dir/new file"]])
    }
  }

  @Test("a further work tree is made and removed, also one that is half made or not registered")
  func worktrees() async throws {
    try await Scratch.with { scratch in
      let (scene, context) = (try GitScene(in: scratch), scratch.context())
      let commit = try scene.commit("first", ["a": "1"])
      try scratch.makeDirectory("releases")
      let path = scratch.file("releases/\(commit.prefix(12))")
      for half in [false, true] {
        try await scene.repository.addWorktree(path, commit: commit, in: context)
        #expect(try GitRepository(directory: path).status() == GitStatus(commit: commit))
        #expect(GitRepository.worktrees(in: scratch.file("releases")) == [String(commit.prefix(12))])
        if half { try TestProcess.output(["rm", "-r", "\(path)/.git"]) }
        try await scene.repository.removeWorktree(path, in: context)
        #expect(!scratch.exists("releases/\(commit.prefix(12))"))
        #expect(!(try scene.git("worktree", "list")).contains(path))
      }
    }
  }

  @Test("another git's lock is told as such, and may pass")
  func locked() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      let first = try scene.commit("first", ["a": "1"])
      try scene.commit("second", ["a": "2"])
      try scene.write(".git/index.lock", "")
      let error = await #expect(throws: RecoverError.self) {
        try await scene.repository.checkOut(first, in: scratch.context())
      }
      #expect(error?.code == .busy)
      #expect(error?.hint?.contains("index.lock") == true)
    }
  }

  @Test("what a remote says when it can't be reached holds no password")
  func fetch() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      try scene.commit("first", ["a": "1"])
      try scene.git("remote", "add", "origin", "http://user:canary-secret@127.0.0.1:1/x.git")
      let error = #expect(throws: RecoverError.self) { try scene.repository.fetch("origin") }
      #expect(error?.code == .unreachable)
      #expect(error?.message.contains("canary") == false, "\(error?.message ?? "")")
    }
  }

  @Test("edits that git was told not to look at are found, and files that are as they were are not")
  func hiddenEdits() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      for name in ["link", "other"] { try TestProcess.output(["ln", "-s", "same", "\(scene.path)/\(name)"]) }
      try scene.commit(
        "first", ["assumed": "1", "skipped": "1", "same": "1", "sub/gone": "1", "mode": "1", "seen": "1"])
      try scene.git("update-index", "--assume-unchanged", "assumed", "same", "mode", "link", "other")
      try scene.git("update-index", "--skip-worktree", "skipped", "sub/gone")
      try TestProcess.output(["rm", "\(scene.path)/sub/gone"])
      try TestProcess.output(["touch", "\(scene.path)/same"])
      #expect(try scene.repository.hiddenEdits().count == 0)
      for name in ["assumed", "skipped", "seen"] { try scene.write(name, "2") }
      try TestProcess.output(["chmod", "+x", "\(scene.path)/mode"])
      try TestProcess.output(["ln", "-sfn", "seen", "\(scene.path)/link"])
      let found = try scene.repository.hiddenEdits()
      #expect(Set(found.first) == ["assumed", "skipped", "mode", "link"])
      #expect(found.count == 4)
    }
  }

  @Test("what came into a work tree after a mark is found, but for what git ignores and what was there before")
  func additions() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      try scene.commit("first", ["tracked": "1", ".gitignore": "ignored"])
      try scene.write("built", "1")
      // A file is later than another by its clock: all of it is in the far past, or in the far future.
      let mark = scratch.file("mark")
      try TestProcess.output(["touch", "-d", "2100-01-01", mark])
      #expect(try scene.repository.additions(since: mark).count == 0)
      try TestProcess.output(["touch", "-d", "2000-01-01", mark])
      try scene.write("tracked", "2")
      try scene.write("sub/added", "1")
      try scene.write("ignored", "1")
      #expect(Set(try scene.repository.additions(since: mark).first) == ["built", "sub/added", "tracked"])
      try scene.git("update-index", "--assume-unchanged", "tracked")
      #expect(Set(try scene.repository.additions(since: mark).first) == ["built", "sub/added", "tracked"])
    }
  }

  @Test("what a forced checkout would overwrite is found, and gets another name")
  func inTheWay() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      try TestProcess.output(["ln", "-s", "there", "\(scene.path)/link"])
      let first = try scene.commit(
        "first", ["same": "1", "dir/other": "1", "dir/file": "1", "above/below": "1", "plain": "1", "gone": "1"])
      try scene.git("rm", "-r", "--quiet", "same", "dir", "above", "plain", "gone", "link")
      try scene.commit("second", [".gitignore": "above"])
      for (name, text) in [("same", "1"), ("dir/other", "mine"), ("above", "mine"), ("plain/inside", "mine")] {
        try scene.write(name, text)
      }
      try TestProcess.output(["ln", "-s", "elsewhere", "\(scene.path)/link"])
      try scene.write("beside", "mine")
      let found = try scene.repository.untrackedInTheWay(of: first)
      #expect(Set(found) == ["dir/other", "above", "plain", "link"])
      #expect(try scene.repository.setAside(["dir/other"], suffix: "x") == ["dir/other.x"])
      try scene.write("dir/other", "again")
      #expect(try scene.repository.setAside(["dir/other", "plain"], suffix: "x") == ["dir/other.x.2", "plain.x"])
      #expect(try scene.text("dir/other.x") == "mine")
      #expect(try scene.text("plain.x/inside") == "mine")
      #expect(Set(try scene.repository.untrackedInTheWay(of: first)) == ["above", "link"])
    }
  }

  @Test("a lock that nobody needs is removed, and never one that is older, open, or where a git runs")
  func locks() async throws {
    try await Scratch.with { scratch in
      let scene = try GitScene(in: scratch)
      try scene.commit("first", ["a": "1"])
      #expect(try GitLock.all(of: scene.repository).isEmpty)
      try scene.write(".git/index.lock", "")
      let lock = try #require(try GitLock.all(of: scene.repository).first)
      let now = WallTime.now.microseconds / 1_000_000
      #expect(try !lock.removeIfAbandoned(since: now + 100))
      // Whoever has it open, whatever they are called.
      let holder = try TestProcess(["sh", "-c", "exec 9<\(lock.path); echo open; exec sleep 1000"])
      #expect(holder.waitForLine(with: ["open"]))
      #expect(try !lock.removeIfAbandoned(since: now - 100))
      holder.signal(9)
      _ = holder.wait()
      var ends: [Int32] = [0, 0]
      #expect(unsafe pipe(&ends) == 0)
      defer { for end in ends { close(end) } }
      let git = try TestProcess(["git", "-C", scene.path, "cat-file", "--batch"], input: .descriptor(ends[0]))
      while (try TestProcess.output(["readlink", "/proc/\(git.pid)/cwd"])) != Array("\(scene.path)\n".utf8) {}
      #expect(try !lock.removeIfAbandoned(since: now - 100))
      git.signal(9)
      _ = git.wait()
      #expect(try lock.removeIfAbandoned(since: now - 100))
      #expect(try GitLock.all(of: scene.repository).isEmpty)
    }
  }
}
