// SPDX-License-Identifier: Apache-2.0

// What the engine library expects of a Python interpreter, for a process that has none.
//
// The library's server never runs Python. It does, however, take the addresses of some Python
// objects while it is loaded, asks for a version and, at each query, for the interpreter lock. The
// names are those of CPython's stable ABI (docs.python.org/3/c-api/stable.html) and of the
// library's own lock functions. Anything else Python it would call is missing, and the loader then
// ends the process with the name. The program is linked with --export-dynamic to be found.

#include <stddef.h>

// As large as the largest of CPython's static objects, a type object (about 400 bytes).
#define PYTHON_OBJECT(name) char name[1024]

PYTHON_OBJECT(PyBool_Type);
PYTHON_OBJECT(PyByteArray_Type);
PYTHON_OBJECT(PyCapsule_Type);
PYTHON_OBJECT(PyDict_Type);
PYTHON_OBJECT(PyFloat_Type);
PYTHON_OBJECT(PyFrozenSet_Type);
PYTHON_OBJECT(PyMemoryView_Type);
PYTHON_OBJECT(PySet_Type);
PYTHON_OBJECT(_Py_FalseStruct);
PYTHON_OBJECT(_Py_NoneStruct);
PYTHON_OBJECT(_Py_TrueStruct);

void *PyExc_ImportError;
void *PyExc_RuntimeError;
void *PyExc_SystemError;
void *PyExc_TypeError;
void *PyExc_ValueError;

const char *Py_GetVersion(void) { return "3.11.0"; }
int Py_IsInitialized(void) { return 0; }
void *PyEval_SaveThread(void) { return NULL; }
void PyEval_RestoreThread(void *state) { (void)state; }
void *PyThread_tss_get(void *key) { (void)key; return NULL; }
int PyThread_tss_set(void *key, void *value) { (void)key; (void)value; return 0; }
void *PyErr_Occurred(void) { return NULL; }

// pybind11::non_limited_api, in the C++ ABI's spelling: taking, sharing and giving back the lock.
void _ZN8pybind1115non_limited_api23gil_scoped_acquire_ctorERNS_18gil_scoped_acquireE(void *lock)
{
    (void)lock;
}

void _ZN8pybind1115non_limited_api26gil_scoped_acquire_inc_refERNS_18gil_scoped_acquireE(void *lock)
{
    (void)lock;
}

void _ZN8pybind1115non_limited_api26gil_scoped_acquire_dec_refERNS_18gil_scoped_acquireE(void *lock)
{
    (void)lock;
}

int _ZN8pybind1115non_limited_api16PyGILState_CheckEv(void) { return 1; }
