// SPDX-License-Identifier: LGPL-2.1-or-later
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

func main() {
	var wg sync.WaitGroup
	sum := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			name := fmt.Sprintf("f%d", i)
			os.WriteFile(name, bytes.Repeat([]byte("x"), i), 0o600)
			data, _ := os.ReadFile(name)
			sum <- len(data)
		}(i)
	}
	wg.Wait()
	close(sum)
	n := 0
	for s := range sum {
		n += s
	}
	fmt.Println(n)
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() { defer wg.Done(); exec.Command("true").Run() }()
	}
	wg.Wait()
	cmd := exec.Command("sh", "-c", "cat; pwd | wc -l; exit 3")
	cmd.Stdin = bytes.NewBufferString("stdin ")
	out, err := cmd.Output()
	fmt.Printf("%q %v\n", out, err)
	_, err = exec.LookPath("nonexistent-program")
	fmt.Println(err)
	fmt.Println(exec.Command("./f1").Run())
	_, err = os.Open("none/x")
	fmt.Println(err)
	exe, _ := os.Executable()
	fmt.Println(filepath.Base(exe))
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)
	p := exec.Command("sleep", "9")
	p.Start()
	p.Process.Signal(os.Interrupt)
	fmt.Println(p.Wait(), time.Now().Year() > 2000)
	l, err := net.Listen("unix", "sock")
	go func() { s, _ := l.Accept(); s.Write([]byte("unix")); s.Close() }()
	s, err := net.Dial("unix", "sock")
	buf := make([]byte, 9)
	n, _ = s.Read(buf)
	fmt.Println(string(buf[:n]), err)
	l.Close()
	_, err = os.Lstat("sock")
	fmt.Println(os.IsNotExist(err))
}
