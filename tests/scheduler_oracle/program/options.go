package main

import frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"

func releaseOptions() []frameworkruntime.Option { return nil }
