int main() { return 69; }
