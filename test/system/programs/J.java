// SPDX-License-Identifier: LGPL-2.1-or-later
import java.nio.file.*;
import java.util.stream.*;

public class J {
	static int file(int i)
	{
		try {
			Files.delete(Files.createTempFile(Path.of("."), "t", ""));
			return i;
		} catch (Exception e) {
			return -1000;
		}
	}

	public static void main(String[] args) throws Exception
	{
		Path f = Path.of("f");
		Files.writeString(f, "x".repeat(1000));
		System.out.println(Files.size(f) + " " + Files.exists(Path.of("none")));
		Process p = new ProcessBuilder("sh", "-c", "echo sub; exit 3").start();
		System.out.println(new String(p.getInputStream().readAllBytes()) + p.waitFor());
		System.out.println(IntStream.range(0, 100).parallel().map(J::file).sum());
		Thread.sleep(20);
		System.out.println(ProcessHandle.current().info().command().isPresent());
		System.exit(5);
	}
}
