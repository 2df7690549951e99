/* A program that only holds the engine: what runs is called from outside. */
int main(void)
{
    return 0;
}
