// The oracle answers with the allocator and the CEL dialect that Kubernetes
// itself publishes, for one release per binary.
//
// It reads one JSON request per line and writes one JSON answer per line, in
// order. See tests/oracle/client.py for the protocol.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// A request may hold a cluster's slices, so lines get long.
const maxLine = 64 << 20

var implementationNames = []string{"stable", "incubating", "experimental"}

// answer is one line of output.
type answer map[string]any

// invalid answers a request that never reached upstream code.
func invalid(format string, args ...any) answer {
	return answer{"invalid": fmt.Sprintf(format, args...)}
}

// panicked answers for upstream code that panicked with value.
func panicked(value any) answer {
	return answer{"panic": fmt.Sprint(value), "stack": string(debug.Stack())}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<20), maxLine)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		if err := encoder.Encode(respond(in.Bytes())); err != nil {
			fail(err)
		}
		if err := out.Flush(); err != nil {
			fail(err)
		}
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "oracle:", err)
	os.Exit(1)
}

func respond(line []byte) (reply answer) {
	defer func() {
		if value := recover(); value != nil {
			reply = panicked(value)
		}
	}()
	var request struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return invalid("not a request: %v", err)
	}
	switch request.Op {
	case "allocate":
		return allocateOp(line)
	case "cel":
		return celOp(line)
	case "derive":
		return deriveOp(line)
	case "version":
		return versionOp()
	default:
		return invalid("unknown op %q", request.Op)
	}
}

func versionOp() answer {
	modules := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasPrefix(module.Path, "k8s.io/") || strings.HasSuffix(module.Path, "/cel-go") {
				modules[module.Path] = module.Version
			}
		}
	}
	return answer{"modules": modules, "implementations": implementationNames, "features": allFeatureNames()}
}
